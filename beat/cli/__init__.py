"""The command lines `beatd` and `beat`."""
