"""
A simulated SO-101: MuJoCo with the topics of a driver. Optional: it needs the extra ``sim``.

Commands enter through :mod:`.node` into :mod:`.driver`, which interpolates them as a controller
does, and drive the physics of :mod:`.arm`; the node publishes the measured positions.

May import ``nodes.runtime``, the conversions of the bridge and the table of parameters.
"""
