-- Questions to images and their telemetry at once. They use the views that dbb-efd-load makes beside a Butler registry,
-- and work with SQLite and PostgreSQL alike:
--
--     dbb-efd-load --db efd.sqlite3 --views --repo-file repo/gen3.sqlite3 > views.sql
--     cat views.sql telemetry/queries.sql | sqlite3 -readonly efd.sqlite3
--
--     dbb-efd-load --db postgresql://host/name --views --repo-schema main
--     PGOPTIONS='-c search_path=efd' psql postgresql://host/name -f telemetry/queries.sql

-- Which science images were taken while the axis was not still, the worst first?
SELECT day_obs, seq_num, physical_filter, exposure_time, azimuth_jitter
FROM efd_lsstcam_exposure
WHERE observation_type = 'science' AND azimuth_jitter > 1e-6
ORDER BY azimuth_jitter DESC;

-- How did each filter fare in each night? Images without a value do not count.
SELECT day_obs, physical_filter, count(*) AS images, count(azimuth_jitter) AS with_value,
       avg(azimuth_jitter) AS mean_jitter, max(azimuth_torque_max) AS greatest_torque
FROM efd_lsstcam_exposure
GROUP BY day_obs, physical_filter
ORDER BY day_obs, physical_filter;

-- Which images lack a value, of which column, and why? Statuses are explained in dbb-efd-join(1).
SELECT e.day_obs, e.seq_num, e.observation_type, c.name, v.status, v.n
FROM efd_lsstcam_exposure e
JOIN efd_value v ON v.instrument = e.instrument AND v.kind = 'exposure' AND v.obs_id = e.id
JOIN efd_column c ON c.column_id = v.column_id
WHERE v.value IS NULL AND v.value_text IS NULL
ORDER BY e.day_obs, e.seq_num, c.name;
