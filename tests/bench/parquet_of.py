"""Flow logs as text to Parquet, with names and types of columns as AWS has them: parquet_of.py TEXT PARQUET CODEC TIMES."""

import sys

import pyarrow
import pyarrow.csv
import pyarrow.parquet

INTEGERS = {"version": "int32", "srcport": "int32", "dstport": "int32", "protocol": "int32"}
LONG = {"packets": "int64", "bytes": "int64", "start": "int64", "end": "int64"}
ROW_GROUP = 100_000


def main(text: str, parquet: str, codec: str, times: int) -> None:
    """The rows of a text log, so many times over."""
    types = {"account-id": pyarrow.string()}
    types |= {name: pyarrow.type_for_alias(kind) for name, kind in (INTEGERS | LONG).items()}
    table = pyarrow.csv.read_csv(
        text,
        parse_options=pyarrow.csv.ParseOptions(delimiter=" "),
        convert_options=pyarrow.csv.ConvertOptions(column_types=types),
    )
    table = table.rename_columns([name.replace("-", "_") for name in table.column_names])
    with pyarrow.parquet.ParquetWriter(parquet, table.schema, compression=codec) as writer:
        for _ in range(times):
            writer.write_table(table, row_group_size=ROW_GROUP)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
