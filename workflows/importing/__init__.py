"""From a plan document to proposed tasks: pure, without Django, clock or file system.

document = read_document(data, "plan.docx")      # raises Refused
proposal = propose(document, directory)          # doubts become questions
"""

from .blocks import Block, CellPlace, Document
from .deadlines import Deadline
from .proposal import (
    Aside,
    NotAPlan,
    Proposal,
    ProposedClause,
    ProposedMeasure,
    ProposedUnit,
)
from .proposing import propose
from .questions import CODES, NOT_A_PLAN, Question
from .reading import MAX_BYTES, read_document, read_text
from .refusals import REFUSALS, Refused
from .resolve import DirectoryGroup, DirectorySnapshot, DirectoryUnit

__all__ = [
    "CODES",
    "MAX_BYTES",
    "NOT_A_PLAN",
    "REFUSALS",
    "Aside",
    "Block",
    "CellPlace",
    "Deadline",
    "DirectoryGroup",
    "DirectorySnapshot",
    "DirectoryUnit",
    "Document",
    "NotAPlan",
    "Proposal",
    "ProposedClause",
    "ProposedMeasure",
    "ProposedUnit",
    "Question",
    "Refused",
    "propose",
    "read_document",
    "read_text",
]
