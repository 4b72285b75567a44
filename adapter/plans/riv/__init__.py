"""GetCarePlans 2.0 of RIV-TA (`clinicalprocess:logistics:logistics`, Inera): the national contract for reading plans.

A contract of documents: each plan is a header and an attachment for people to read, without goals, measures or status.
Pure: bytes and dataclasses in and out. Sources: the published schemas and contract description 3.0.13, and RIV TA
Basic Profile 2.1.
"""
