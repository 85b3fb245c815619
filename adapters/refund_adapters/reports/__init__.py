"""Reports: what was found, as files that people keep."""
