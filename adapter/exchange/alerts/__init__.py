"""Telling people of alarms: whom, when, in which words, by mail or webhook."""
