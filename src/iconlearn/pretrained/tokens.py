"""Texts as ids of tokens."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from iconlearn._checks import check_number
from iconlearn._errors import FileFormatError, InputError
from iconlearn.pretrained.loading import import_transformers, locate, quietly, reason

VOCABULARY = re.compile(r"(tokenizer|vocab)\.(json|txt|model)|.*\.(model|spm|tiktoken)|.*vocab.*\.(json|txt)")


def tokenize(
    texts: Sequence[str], tokenizer: str | os.PathLike[str] | Any, length: int | None = None
) -> np.ndarray:
    """Ids of the tokens of texts, what text towers such as `Pretrained` read.

    Parameters
    ----------
    texts : sequence of str
    tokenizer : path, name or tokenizer
        A folder or hub name of a model of transformers, or a tokenizer of it.
    length : int, optional
        Tokens of a row: longer texts are cut, shorter ones padded at their end. As many as the longest text has, and
        the model may read, where it is not given.

    Returns
    -------
    ndarray of int64, shape (n, length)

    Raises
    ------
    InputError
        If there are no texts, one is no text or empty, or the tokenizer has no token for padding.
    FileFormatError
        If the tokenizer cannot be loaded.

    Examples
    --------
    >>> from tokenizers import Tokenizer
    >>> from tokenizers.models import WordLevel
    >>> from tokenizers.pre_tokenizers import Whitespace
    >>> from transformers import PreTrainedTokenizerFast
    >>> words = Tokenizer(WordLevel({"[PAD]": 0, "a": 1, "red": 2, "sea": 3, "[UNK]": 4}, unk_token="[UNK]"))
    >>> words.pre_tokenizer = Whitespace()
    >>> fast = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]")
    >>> tokenize(["a red sea", "a boat"], fast)
    array([[1, 2, 3],
           [1, 4, 0]])
    """
    if isinstance(texts, str) or not len(texts):
        raise InputError(f"tokenize: texts={texts!r}; a list of one text or more is needed")
    for row, text in enumerate(texts):
        if not isinstance(text, str) or not text.strip():
            raise InputError(f"tokenize: the text of row {row} is {text!r}; leave out rows that have none")
    if length is not None:
        check_number("tokenize", "length", length, low=1, integer=True)
    found = load_tokenizer(tokenizer) if isinstance(tokenizer, (str, os.PathLike)) else tokenizer
    if getattr(found, "pad_token_id", None) is None:
        raise InputError(
            f"tokenize: {type(found).__name__} has no token for padding; set one, such as tokenizer.pad_token = "
            "tokenizer.eos_token"
        )
    limit = min(int(found.model_max_length), 2**20)  # those without a limit say 10^30
    ids = found(
        list(texts),
        padding="longest" if length is None else "max_length",
        truncation=True,
        max_length=limit if length is None else min(length, limit),
        padding_side="right",
        return_tensors="np",
    )["input_ids"]
    return np.asarray(ids, dtype=np.int64)


def load_tokenizer(name: str | os.PathLike[str]) -> Any:
    """The tokenizer of a folder, without asking the hub, or of a hub's name; no code of its own is run."""
    transformers = import_transformers()
    where, local = locate(os.fspath(name))
    if local and not any(VOCABULARY.fullmatch(file) for file in os.listdir(where)):
        raise FileFormatError(  # transformers would make an empty one of some kinds
            f"{name}: holds no vocabulary (tokenizer.json, vocab.txt, tokenizer.model, ...); give the folder of a "
            "whole model"
        )
    try:
        with quietly(transformers):
            return transformers.AutoTokenizer.from_pretrained(
                where, local_files_only=local, trust_remote_code=False
            )
    except Exception as error:  # the loader raises many types
        raise FileFormatError(
            f"{name}: its tokenizer cannot be loaded ({reason(error)}); give the folder of a whole model"
        ) from error
