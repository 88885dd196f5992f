"""What the launch files are made of; :mod:`.rules` imports no launch."""
