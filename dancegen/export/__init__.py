"""A dance for other programs: BVH (the skeleton), GLB and USD (a skinned, animated body).

``FORMATS`` lists all of them by name, with what each needs; ``python -m dancegen.export`` is the command line. Every
format is y up. BVH is in centimetres, as most programs take it; GLB and USD are in metres.
"""

from dancegen.export.bvh import write_bvh
from dancegen.export.formats import FORMATS, ExportFormat
from dancegen.export.glb import write_glb
from dancegen.export.usd import write_usd

__all__ = ["FORMATS", "ExportFormat", "write_bvh", "write_glb", "write_usd"]
