"""Files for Prometheus and Grafana, and what makes them."""
