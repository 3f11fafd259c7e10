-- Fill a repository in which `raw`, its run and LSSTCam are registered with made-up datasets: :exposures of 189 files.
PRAGMA foreign_keys = ON;
PRAGMA synchronous = OFF;
BEGIN IMMEDIATE;
CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i + 1 < :exposures) SELECT i FROM c;
CREATE TEMP TABLE d AS SELECT id FROM detector WHERE instrument = 'LSSTCam' AND purpose = 'SCIENCE' LIMIT 189;
INSERT INTO "group" SELECT 'LSSTCam', 'grown' || i FROM n;
INSERT INTO day_obs SELECT DISTINCT 'LSSTCam', 20300101 + i / 1000, 0, 1 FROM n;
INSERT INTO exposure (instrument, id, day_obs, "group", physical_filter, obs_id, exposure_time, observation_type, seq_num,
    has_simulated, timespan_begin, timespan_end)
  SELECT 'LSSTCam', 2030010100000 + i, 20300101 + i / 1000, 'grown' || i, 'r_57', 'grown' || i, 30.0, 'science', i, 0,
    1900000000000000000 + i * 40000000000, 1900000030000000000 + i * 40000000000 FROM n;
-- Random ids, as UUIDs of version 5 are.
CREATE TEMP TABLE t AS SELECT lower(hex(randomblob(16))) AS id, n.i, d.id AS detector FROM n, d;
INSERT INTO dataset SELECT id, 1, 1900000000000000000, 1 FROM t;
INSERT INTO collection_summary_dataset_type VALUES (1, 1) ON CONFLICT DO NOTHING;
INSERT INTO collection_summary_instrument VALUES (1, 'LSSTCam') ON CONFLICT DO NOTHING;
INSERT INTO dataset_tags_00000001 SELECT 1, id, 1, 'LSSTCam', detector, 2030010100000 + i FROM t;
INSERT INTO dataset_location SELECT 'FileDatastore@<butlerRoot>', id FROM t;
INSERT INTO file_datastore_records SELECT id, 'file:///raw/LSSTCam/grown/' || i || '/' || detector || '.fits',
    'lsst.obs.lsst.rawFormatter.LsstCamRawFormatter', 'Exposure', '__NULL_STRING__', NULL, 1000 FROM t;
COMMIT;
