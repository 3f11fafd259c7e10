# shellcheck shell=bash
# Hand-made lines as dbb-gen2-scan prints them; sourced by the cases of dbb-convert.

# raw_line FILE [JQ-FILTER]     of a raw image of LATISS or LSSTCam, as its registry row has it
raw_line() {
  dbb-describe "$1" | jq -c "select(.uri) | {type: \"gen2\", uri, size, mtime,
    gen2: {root: \"$PWD/gen2\", repo: \"root\", dataset_type: \"raw\", source: \"both\",
      registry: {table: \"raw\", expId: .data_id.exposure, visit: .data_id.exposure, detector: .data_id.detector, filter: .physical_filter}},
    instrument, data_id, dataset_type, dimensions: [\"instrument\", \"exposure\", \"detector\"], storage_class: \"Exposure\", run,
    action: \"convert\", reason: \"ok\"} | ${2:-.}"
}

# other_line FILE JSON          of another dataset: the object's keys are added to those that all have
other_line() {
  [ -e "$1" ] || { mkdir -p "$(dirname "$1")"; echo "dataset $1" > "$1"; }
  jq -nc --arg uri "$(realpath -s "$1")" --argjson size "$(stat -c %s "$1")" --argjson more "$2" \
    '{type: "gen2", uri: $uri, size: $size, instrument: "LATISS", run: "LATISS/runs/test/direct", storage_class: "StructuredDataDict",
      formatter: "lsst.daf.butler.formatters.yaml.YamlFormatter", action: "convert", reason: "ok"} + $more'
}

# bias_line FILE DETECTOR BEGIN END [JQ-FILTER]   of a bias of LATISS; times are ISO TAI or null
bias_line() {
  other_line "$1" "{\"dataset_type\": \"bias\", \"data_id\": {\"instrument\": \"LATISS\", \"detector\": $2}, \"dimensions\": [\"instrument\", \"detector\"],
    \"storage_class\": \"ExposureF\", \"formatter\": \"lsst.obs.base.formatters.fitsExposure.FitsExposureFormatter\", \"is_calibration\": true,
    \"run\": \"LATISS/calib/20180921T000000Z\", \"calibration\": \"LATISS/calib\", \"validity\": {\"begin_tai\": $3, \"end_tai\": $4}}" | jq -c "${5:-.}"
}

# outcomes FILE                 dataset type or name, and outcome, of each receipt
outcomes() { jq -r 'select(.convert) | "\(.dataset_type // .name) \(.convert.outcome)"' "$1"; }
