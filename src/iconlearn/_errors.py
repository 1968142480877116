"""The errors that users meet; each message names the cause, the value seen and the remedy."""


class IConLearnError(Exception):
    """Base of every error that iconlearn raises on purpose."""


class InputError(IConLearnError, ValueError):
    """The data cannot be used: wrong shape, type, range or content."""


class OptionError(IConLearnError, ValueError):
    """An option is unknown, out of range, or does not go with another."""


class NonFiniteError(IConLearnError, ArithmeticError):
    """A loss or an embedding stopped being finite during training."""


class MemoryBudgetError(IConLearnError, MemoryError):
    """The work would not fit in memory; raised before it starts."""


class ProcessError(IConLearnError, RuntimeError):
    """Another process of the job is gone, has stopped, or does something else."""


class BusyError(OptionError):
    """Another process works in the folder."""


class FileFormatError(IConLearnError, ValueError):
    """A file is missing, damaged, truncated, newer, or not of the kind that its name says."""


class DiskError(IConLearnError, OSError):
    """Nothing more can be written: the disk is full, or the folder cannot be written to."""
