"""JSON artifacts: exports of the journal."""
