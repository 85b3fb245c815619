"""The shell: everything that touches the world on behalf of the refund ledger."""
