-- Fill a repository in which `raw`, its run and LSSTCam are registered with made-up datasets, as grow.sql does:
-- :exposures of 189 files. search_path is the repository's schema, :tags its table of datasets by data ID.
BEGIN;
CREATE TEMP TABLE n AS SELECT i FROM generate_series(0, :exposures - 1) AS i;
CREATE TEMP TABLE d AS SELECT id FROM detector WHERE instrument = 'LSSTCam' AND purpose = 'SCIENCE' ORDER BY id LIMIT 189;
CREATE TEMP TABLE r AS SELECT dataset_type.id AS type, collection_id AS run FROM dataset_type, collection
  WHERE dataset_type.name = 'raw' AND collection.name = 'LSSTCam/raw/all';
INSERT INTO "group" SELECT 'LSSTCam', 'grown' || i FROM n;
INSERT INTO day_obs SELECT DISTINCT 'LSSTCam', 20300101 + i / 1000, int8range(0, 1) FROM n;
INSERT INTO exposure (instrument, id, day_obs, "group", physical_filter, obs_id, exposure_time, observation_type, seq_num,
    has_simulated, timespan)
  SELECT 'LSSTCam', 2030010100000 + i, 20300101 + i / 1000, 'grown' || i, 'r_57', 'grown' || i, 30.0, 'science', i, false,
    int8range(1900000000000000000 + i * 40000000000, 1900000030000000000 + i * 40000000000) FROM n;
-- Random ids, as UUIDs of version 5 are.
CREATE TEMP TABLE t AS SELECT gen_random_uuid() AS id, n.i, d.id AS detector FROM n, d ORDER BY n.i, d.id;
INSERT INTO dataset SELECT id, type, 1900000000000000000, run FROM t, r;
INSERT INTO collection_summary_dataset_type SELECT run, type FROM r ON CONFLICT DO NOTHING;
INSERT INTO collection_summary_instrument SELECT run, 'LSSTCam' FROM r ON CONFLICT DO NOTHING;
INSERT INTO :"tags" (dataset_type_id, dataset_id, collection_id, instrument, detector, exposure)
  SELECT type, id, run, 'LSSTCam', detector, 2030010100000 + i FROM t, r;
INSERT INTO dataset_location SELECT 'FileDatastore@<butlerRoot>', id FROM t;
INSERT INTO file_datastore_records SELECT id, 'file:///raw/LSSTCam/grown/' || i || '/' || detector || '.fits',
    'lsst.obs.lsst.rawFormatter.LsstCamRawFormatter', 'Exposure', '__NULL_STRING__', NULL, 1000 FROM t;
COMMIT;
VACUUM ANALYZE;
