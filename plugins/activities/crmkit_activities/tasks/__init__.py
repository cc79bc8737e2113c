"""Tasks: what has to be done before what, what comes again, and what is due."""
