"""The exchange as a participant meets it: gateway, centre, file store and directory, with faults on demand.

Written from the interface reference with its own codec; it shares nothing with adapter.exchange, because a simulator
that shares the codec agrees with every mistake of the codec.
"""
