"""What a run looked like: the map, and p and q of a few anchors, at some sixty moments of training."""

from iconlearn.recording.audience import Audience
from iconlearn.recording.bars import Bars
from iconlearn.recording.choice import probe_batch
from iconlearn.recording.packets import Packet, PacketFile, decode, encode, read_packets
from iconlearn.recording.recorder import Recorder
from iconlearn.recording.recording import Recording
from iconlearn.recording.snapshots import Snapshot

__all__ = [
    "Audience",
    "Bars",
    "Packet",
    "PacketFile",
    "Recorder",
    "Recording",
    "Snapshot",
    "decode",
    "encode",
    "probe_batch",
    "read_packets",
]
