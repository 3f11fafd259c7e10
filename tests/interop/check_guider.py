#!/usr/bin/env python3
"""Ask the Python Butler for the guider dataset that dbb ingested, and whether it would have given it the same row.

Usage: check_guider.py REPO
"""

from __future__ import annotations

import sys

from lsst.daf.butler import Butler, DatasetIdGenEnum, DatasetRef

butler = Butler.from_config(sys.argv[1])
(ref,) = butler.query_datasets("guider_raw", collections="LSSTCam/raw/guider")
dataset_type = butler.get_dataset_type("guider_raw")
assert dataset_type.storageClass_name == "Stamps", dataset_type
assert set(dataset_type.dimensions.required) == {"instrument", "detector", "exposure"}, dataset_type
(exposure,) = butler.query_dimension_records("exposure", instrument="LSSTCam")
assert exposure.obs_id == "MC_C_20240918_000013", exposure
data_id = butler.registry.expandDataId(instrument="LSSTCam", detector=189, exposure=exposure.id)
mine = DatasetRef(dataset_type, data_id, run="LSSTCam/raw/guider", id_generation_mode=DatasetIdGenEnum.DATAID_TYPE_RUN)
assert ref == mine and ref.id == mine.id, (ref, mine)
assert data_id.records["detector"].purpose == "GUIDER"
uri = butler.getURI(ref)
assert uri.exists() and uri.size() > 0, uri
template = butler._datastore.templates.getTemplate(ref)
assert template.format(ref.expanded(data_id)) + ".fits" == str(uri.relative_to(butler._datastore.root)), uri
print("ok")
