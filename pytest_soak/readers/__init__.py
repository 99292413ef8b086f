"""What a soak looks like from outside: readers of its data, dashboards and reports over them."""
