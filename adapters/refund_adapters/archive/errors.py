"""What can be wrong with an archive, said to the person who has to act on it.

LedgerError
└── ArchiveError
    ├── NotArchivedError      nothing was added; what was there before stands
    ├── DamagedArchiveError   a file is not what was written
    └── EngineError           a question could not be answered
"""

from __future__ import annotations

from refund_ledger.errors import LedgerError


class ArchiveError(LedgerError):
    """The archive cannot do what was asked."""


class NotArchivedError(ArchiveError):
    """Nothing was added to the archive; what was there before stands."""


class DamagedArchiveError(ArchiveError):
    """A file of the archive is not what was written, or is gone."""


class EngineError(ArchiveError):
    """An engine could not answer a question."""
