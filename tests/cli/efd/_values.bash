# Helpers for the cases of dbb-efd-load.
# shellcheck shell=bash

# value VALUE N STATUS [JQ-FILTER]    a line as dbb-efd-join prints it, changed
value() {
  jq -c "${4:-.}" << LINE
{"type":"value","instrument":"LSSTCam","kind":"exposure","id":2025042300101,"day_obs":20250423,"seq_num":101,"begin_tai":"2025-04-23T04:07:07.702699721","end_tai":"2025-04-23T04:07:37.702699721","column":"c","element":-1,"config":"00000000000000aa","value":$1,"n":$2,"status":$3,"t_first_tai":null,"t_last_tai":null,"max_gap_ns":null,"n_gaps":null,"coverage":null,"n_nan":0,"n_null":0,"n_dup":0,"age_ns":null}
LINE
}
# receipt FILE           outcomes of its lines, with reasons
receipt() { jq -r 'select(.load) | .load | .outcome + (if .reason then " " + .reason else "" end)' "$1" | paste -sd,; }
# stored COLUMNS         of the values in efd.sqlite3
stored() { sqlite3 efd.sqlite3 "SELECT $1 FROM efd_value"; }
# rows FILE              what is in a database, but for runs and times
rows() {
  sqlite3 "$1" "SELECT * FROM efd_column ORDER BY name" "SELECT * FROM efd_window ORDER BY 1, 2, 3" \
    "SELECT v.instrument, v.kind, v.obs_id, c.name, v.element, CASE WHEN value IS NOT NULL THEN printf('%!.17g', value) END, value_int, value_text, n, status, t_first_tai_ns,
     t_last_tai_ns, CASE WHEN coverage IS NOT NULL THEN printf('%!.17g', coverage) END, max_gap_ns, n_gaps, age_ns, v.config_hash FROM efd_value v JOIN efd_column c USING (column_id) ORDER BY 1, 2, 3, 4, 5"
}
