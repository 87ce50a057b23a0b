"""Exports of other systems, through a mapping file into the contract's tables: rows, REDCap, FHIR; and workbooks."""
