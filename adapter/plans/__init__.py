"""Coordinated plans in the forms that others read and write them in: one package or module a contract.

Pure: no store, no network. Apart from `mapping`, because none of these has a record with one element for each of ours.
"""
