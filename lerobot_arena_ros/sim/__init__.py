"""A simulated SO-101: MuJoCo behind the topics of a driver. Optional: the extra ``sim``."""
