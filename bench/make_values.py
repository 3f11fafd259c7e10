#!/usr/bin/env python3
"""Lines as dbb-efd-join prints them for bench/run_efd_load: 500 columns in each window.

usage: make_values.py DIR LINES      writes values.jsonl, and changed.jsonl: the same values of more samples
"""
import datetime
import os
import random
import sys

COLUMNS, T0 = 500, datetime.datetime(2025, 4, 23, 12)


def iso(t, ns):
    return "%s.%09d" % (t.strftime("%Y-%m-%dT%H:%M:%S"), ns)


def window(k):
    begin = T0 + datetime.timedelta(seconds=35 * k)
    ends = iso(begin, 702699721), iso(begin + datetime.timedelta(seconds=30), 702699721)
    inside = iso(begin, 728310000), iso(begin + datetime.timedelta(seconds=30), 681077000)
    day = int((begin - datetime.timedelta(hours=12)).strftime("%Y%m%d"))
    head = '{"type":"value","instrument":"LSSTCam","kind":"exposure","id":%d,"day_obs":%d,"seq_num":%d,"begin_tai":"%s","end_tai":"%s",' % (
        day * 100000 + k % 2468, day, k % 2468, *ends)
    return head, '"t_first_tai":"%s","t_last_tai":"%s","max_gap_ns":51%06d,"n_gaps":0,' % (*inside, k)


def main():
    folder, lines = sys.argv[1], int(sys.argv[2])
    rng = random.Random(1)
    with open(os.path.join(folder, "values.jsonl"), "w") as first, open(os.path.join(folder, "changed.jsonl"), "w") as second:
        for i in range(lines):
            if i % COLUMNS == 0:
                head, tail = window(i // COLUMNS)
            c = i % COLUMNS
            name = '"column":"mt_mount_azimuth_motor_torque_%d_mean","element":-1,"config":"ea43b00c8cab%04x",' % (c, c)
            for out, n in (first, 600), (second, 601):
                out.write('%s%s"value":%r,"n":%d,"status":0,%s"coverage":0.99%03d,"n_nan":0,"n_null":0,"n_dup":0,"age_ns":null,"settled":true}\n' % (
                    head, name, rng.uniform(-100, 100), n, tail, i % 1000))


main()
