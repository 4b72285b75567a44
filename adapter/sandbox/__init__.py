"""Simulated systems, journeys and the demo: what a region or vendor tries the adapter with, on one machine."""
