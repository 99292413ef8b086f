"""Fitting a scenario to recordings by the method of simulated moments."""
