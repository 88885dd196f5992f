"""A simulated SO-101: MuJoCo with the topics of a driver. Optional: it needs the extra ``sim``."""
