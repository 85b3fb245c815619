"""The command line: a clerk's and a pipeline's way to the desk."""
