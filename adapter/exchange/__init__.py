"""The exchange as a participant meets it: ESEDO over SHEP SyncChannel. Its words live here and nowhere else."""
