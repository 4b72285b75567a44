"""Writes the messages of invented cases: the fixtures' journeys and the volumes of the generator."""
