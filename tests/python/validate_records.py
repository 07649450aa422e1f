"""Validates records against the documents of `dhan schema`, with a validator that is not ours (`pip install jsonschema`).

    validate_records.py DHAN FILE.ndjson...

A file whose records carry `recv` is held to the documents of `--time iso`. Each record must be valid as its type and as
one of all types, and its keys must stand in the document's order; without a key of its own, or with a value of another type,
it must not be. Prints how many records of each type there were. Exit 77: the validator is not installed.
"""

import json
import subprocess
import sys
from collections import Counter

try:
    from jsonschema import Draft202012Validator
except ImportError as error:
    print(f"jsonschema is not installed: {error}", file=sys.stderr)
    sys.exit(77)


def document(dhan, *words):
    printed = subprocess.run([dhan, "schema", *words], capture_output=True, check=True, text=True).stdout
    schema = json.loads(printed)
    Draft202012Validator.check_schema(schema)
    return schema


class Documents:
    def __init__(self, dhan, time):
        self.dhan, self.time, self.by_type = dhan, time, {}
        self.all = Draft202012Validator(document(dhan, "--time", time))

    def of(self, kind):
        if kind not in self.by_type:
            schema = document(self.dhan, kind, "--time", self.time)
            self.by_type[kind] = (Draft202012Validator(schema), schema["required"])
        return self.by_type[kind]


def wrong_values(value):
    """Values of every other type."""
    kinds = [{"a": 1}, ["a", 1], "no such word", True]
    if isinstance(value, str):
        kinds.remove("no such word")
    # A key that is null here may be text, a number or an object elsewhere.
    return [True, {"a": [True]}] if value is None else [k for k in kinds if type(k) is not type(value)]


def problems_of(record, documents):
    validator, keys = documents.of(record["type"])
    found = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(record)]
    found += [f"as one of all: {error.message}" for error in documents.all.iter_errors(record)]
    if list(record) != keys:
        found.append(f"the keys are {list(record)}, and the document says {keys}")
    for key in record:
        less = {name: value for name, value in record.items() if name != key}
        if validator.is_valid(less):
            found.append(f"valid without {key}")
        if key != "extra" and any(validator.is_valid(record | {key: wrong}) for wrong in wrong_values(record[key])):
            found.append(f"{key} may be of another type")
    return found


def main(dhan, files):
    documents = {time: Documents(dhan, time) for time in ("epoch", "iso")}
    counts, bad = Counter(), 0
    for file in files:
        with open(file, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                record = json.loads(line)
                counts[record["type"]] += 1
                for problem in problems_of(record, documents["iso" if "recv" in record else "epoch"]):
                    print(f"{file}:{number}: {problem}", file=sys.stderr)
                    bad += 1
    print(json.dumps(counts))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
