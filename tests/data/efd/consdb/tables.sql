-- Tables as ConsDB's transformed EFD has them, with a few columns in place of hundreds: keys, constraints, types and widths are
-- those of schemas/yml/efd_lsstcam.yaml. For SQLite and PostgreSQL; created_at is a text here, so that a test can tell it.
CREATE TABLE exposure_efd (day_obs int NOT NULL, seq_num int NOT NULL, exposure_id bigint NOT NULL, created_at varchar(32) DEFAULT 'then',
  wide double precision, exposures double precision, flag double precision, words double precision, PRIMARY KEY (day_obs, seq_num),
  CONSTRAINT un_exposure_efd_exposure_id UNIQUE (exposure_id));
CREATE TABLE visit1_efd (day_obs int NOT NULL, seq_num int NOT NULL, visit_id bigint NOT NULL, created_at varchar(32) DEFAULT 'then',
  wide double precision, flag double precision, missing double precision, words double precision, PRIMARY KEY (day_obs, seq_num),
  CONSTRAINT un_visit1_efd_visit_id UNIQUE (visit_id));
CREATE TABLE exposure_efd_unpivoted (day_obs int NOT NULL, seq_num int NOT NULL, exposure_id bigint NOT NULL, property varchar(64) NOT NULL DEFAULT 'default_property',
  field varchar(32) NOT NULL DEFAULT 'default_field', value double precision, created_at varchar(32) DEFAULT 'then',
  PRIMARY KEY (day_obs, seq_num, exposure_id, property, field));
CREATE TABLE visit1_efd_unpivoted (day_obs int NOT NULL, seq_num int NOT NULL, visit_id bigint NOT NULL, property varchar(64) NOT NULL DEFAULT 'default_property',
  field varchar(32) NOT NULL DEFAULT 'default_field', value double precision, created_at varchar(32) DEFAULT 'then',
  PRIMARY KEY (day_obs, seq_num, visit_id, property, field));
