"""Datasets as partitioned Parquet files: asked for by somebody, or written each night."""
