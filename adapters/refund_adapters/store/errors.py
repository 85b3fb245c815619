"""What can be wrong with a store, said to the person who has to act on it.

LedgerError
└── StoreError
    ├── NotOurStoreError      the file is something else
    ├── NewerStoreError       written by a newer version of this software
    ├── ReadOnlyStoreError    cannot be written to
    ├── StoreFullError        the disk is full
    ├── DamagedStoreError     what is stored cannot be read back
    ├── StoreBusyError        another process held it for too long
    ├── StoreGoneError        its server does not answer
    ├── SchemaError           its tables are of another version, or not there
    ├── RightsError           its user may change what nobody may change
    └── EraError              it is on another cluster than the one that wrote it
"""

from __future__ import annotations

from refund_ledger.errors import LedgerError


class StoreError(LedgerError):
    """The store cannot do what was asked; nothing was half-written."""


class NotOurStoreError(StoreError):
    """The file or database holds something that is not a refund ledger."""


class NewerStoreError(StoreError):
    """The store was written by a newer version of this software."""


class ReadOnlyStoreError(StoreError):
    """The store cannot be written to."""


class StoreFullError(StoreError):
    """There is no room left to write."""


class DamagedStoreError(StoreError):
    """What is stored cannot be read back as it was written."""


class StoreBusyError(StoreError):
    """Another process held the store for longer than the time limit."""


class StoreGoneError(StoreError):
    """The server of the store does not answer, or went away; another try may find it again."""


class SchemaError(StoreError):
    """The tables are missing or of another version than this software's."""


class RightsError(StoreError):
    """The user of the store may change history; the service must not be able to."""


class EraError(StoreError):
    """The store was restored or promoted onto another cluster, and nobody has adopted it yet."""
