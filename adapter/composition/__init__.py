"""The only place that names concrete parts: Settings in, ready use cases out.

node          one node from its settings: concrete parts
passes        use cases over such parts, a test's stand-ins included
key_files     keys and certificates from files;  report_files  reports with their attachments
node_keys     the keys that the settings name;  token_keys  those in tokens;  secret_sources  where a PIN comes from
auditor       the verifier, from the command line alone;  trust_sets  sets of national authorities that it is told by name
stand         a whole stand of participants with throwaway keys, for the sandbox and the demonstration
forms         report files in and out: template, draft of a summary, publication
"""

from adapter.composition.auditor import anchors_of, evidence_folder, opened_container, verifier
from adapter.composition.key_files import load_key
from adapter.composition.node import Node, nobody_to_ask
from adapter.composition.report_files import Opened
from adapter.composition.secret_sources import AskPassword

__all__ = [
    "AskPassword",
    "Node",
    "Opened",
    "anchors_of",
    "evidence_folder",
    "load_key",
    "nobody_to_ask",
    "opened_container",
    "verifier",
]
