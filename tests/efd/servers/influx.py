#!/usr/bin/env python3
"""A server on 127.0.0.1 that answers as InfluxDB 1.x does, out of samples in files, and fails as it is told.

usage: influx.py PORT-FILE [--recorded FILE]... [--lp FILE]... [--fault NAME] [--times N] [--from N] [--names]
                 [--user NAME:PASSWORD] [--log FILE] [--elsewhere URL]

It writes its port to PORT-FILE once it listens, and runs until it is killed. It knows SHOW FIELD KEYS, SHOW MEASUREMENTS and
SELECT of fields over a range of time. --log gets a line of JSON for each request. Answers have passed none of dbb's code.

FAULT      of requests that SELECT several rows, from the N-th on (--from, default 1), N times (--times, default always);
           with --names of all others
  mid          after the first part of the samples an object with an error
  timeout      that, and its text is that of a query that took too long, for ranges longer than 2 s
  cut          the connection is closed within an object
  early        the answer ends, as HTTP has it, after an object that says that more comes
  no-newline   the last object has no end
  empty        status 200, no body
  top-error    status 200, an error in place of results
  csv, html    status 200, another type
  401, 403, 404, 500, 503, 504   that status
  redirect     302 to --elsewhere
  slow         half an object, then nothing for 30 s
  gzip         a body that says it is gzip and is not
  huge         an integer beyond 64 bits
  twice        two rows of equal time
  other-type   a text in a field of numbers
GET /creds/NAME and /discovery/influxdb/NAME (token "tok-secret") are the services that know this server as test_efd.
"""
import argparse
import base64
import gzip
import json
import os
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

NAME = r'"((?:\\.|[^"\\])*)"'
SOURCE = NAME + r'\.' + NAME + r'\.' + NAME


class Topic:
    def __init__(self):
        self.types, self.rows = {}, {}

    def add(self, t, fields):
        for key, value in fields.items():
            kind = {bool: 'boolean', int: 'integer', float: 'float', str: 'string'}[type(value)]
            if kind == 'float' or key not in self.types:
                self.types[key] = kind
        self.rows.setdefault(t, {}).update(fields)


def read_recorded(topics, name):
    with gzip.open(name, 'rt', encoding='utf-8') as f:
        body = json.load(f)['body']
    for result in body['results']:
        for series in result.get('series', []):
            topic = topics.setdefault(series['name'], Topic())
            for values in series['values']:
                row = dict(zip(series['columns'], values))
                topic.add(row.pop('time'), {k: v for k, v in row.items() if v is not None})


def read_lp(topics, name):
    for line in open(name, encoding='utf-8'):
        topic, fields, t = line.rstrip('\n').split(' ')
        out = {}
        for item in fields.split(','):
            key, value = item.split('=')
            out[key] = (value in 'tT' if value[0] in 'tTfF' else value.strip('"') if value[0] == '"'
                        else int(value[:-1]) if value.endswith('i') else float(value))
        topics.setdefault(topic, Topic()).add(int(t), out)


def plain(name):
    return re.sub(r'\\(.)', r'\1', name)


def number(value):
    """A float that is integral has no point."""
    return int(value) if isinstance(value, float) and value == int(value) and abs(value) < 1e15 else value


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def note(self, **what):
        if not self.server.options.log:
            return
        with self.server.lock, open(self.server.options.log, 'a', encoding='utf-8') as f:
            f.write(json.dumps({'time': time.monotonic(), 'path': self.path, 'authorization': self.headers.get('Authorization'),
                                'agent': self.headers.get('User-Agent'), 'port': self.client_address[1], **what}) + '\n')

    def answer(self, status, parts, kind='application/json', headers=(), whole=True):
        """parts as chunks of HTTP; not whole: the connection is closed after them."""
        self.send_response(status)
        self.send_header('Content-Type', kind)
        for header in headers:
            self.send_header(*header)
        packed = 'gzip' in (self.headers.get('Accept-Encoding') or '') and whole and not headers
        if packed:
            parts = [gzip.compress(b''.join(parts), 1)]
            self.send_header('Content-Encoding', 'gzip')
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        for part in parts:
            if part:
                self.wfile.write(b'%x\r\n' % len(part) + part + b'\r\n')
        if whole:
            self.wfile.write(b'0\r\n\r\n')
        else:
            self.wfile.flush()
            self.close_connection = True

    def plain_json(self, status, value, headers=()):
        self.answer(status, [json.dumps(value).encode() + b'\n'], headers=headers)

    def refused(self):
        user = self.server.options.user
        if not user or self.headers.get('Authorization') == 'Basic ' + base64.b64encode(user.encode()).decode():
            return False
        self.plain_json(401, {'error': 'authorization failed'}, [('WWW-Authenticate', 'Basic realm="InfluxDB"')])
        return True

    def do_GET(self):
        self.note()
        port, user = self.server.server_address[1], self.server.options.user or 'reader:secret'
        name, password = user.split(':')
        alias = self.path.rsplit('/', 1)[-1]
        if self.path.startswith('/discovery/') and self.headers.get('Authorization') != 'Bearer tok-secret':
            return self.plain_json(401, {'detail': 'no'})
        if alias == 'odd_efd':
            return self.plain_json(200, ['odd'])
        if alias != 'test_efd':
            return self.plain_json(404, {'detail': 'Not Found'})
        if self.path.startswith('/creds/'):
            return self.plain_json(200, {'host': 'http://127.0.0.1', 'port': str(port), 'path': '//', 'username': name,
                                         'password': password, 'schema_registry': 'x'})
        return self.plain_json(200, {'url': f'http://127.0.0.1:{port}/', 'database': 'efd', 'username': name,
                                     'password': password, 'more': 1})

    def do_POST(self):
        form = {k: v[0] for k, v in parse_qs(self.rfile.read(int(self.headers['Content-Length'])).decode()).items()}
        self.note(q=form.get('q'), form={k: v for k, v in form.items() if k != 'q'})
        if self.refused():
            return
        statements = [s for s in re.sub(r'/\*.*?\*/', '', form['q']).split('; ') if s.strip()]
        size = int(form['chunk_size'])
        samples = any(s.startswith('SELECT') and 'LIMIT' not in s for s in statements)
        if samples != self.server.options.names and self.fault(statements, size):
            return
        self.answer(200, self.objects(statements, size))

    def objects(self, statements, size):
        out = []
        for i, statement in enumerate(statements):
            for series, partial in self.results(statement, size):
                result = {'statement_id': i}
                if series:
                    if partial:
                        series['partial'] = True
                    result['series'] = [series]
                if partial:
                    result['partial'] = True
                out.append(json.dumps({'results': [result]}, separators=(',', ':')).encode() + b'\n')
        return out

    def results(self, statement, size):
        topics = self.server.topics
        if match := re.match('SHOW FIELD KEYS FROM ' + SOURCE, statement):
            topic = topics.get(plain(match.group(3)))
            keys = sorted(topic.types.items()) if topic else []
            return [({'name': plain(match.group(3)), 'columns': ['fieldKey', 'fieldType'], 'values': keys} if keys else None, False)]
        if match := re.match('SHOW MEASUREMENTS ON ' + NAME + ' WITH MEASUREMENT = ' + NAME, statement):
            known = plain(match.group(2)) in topics
            return [({'name': 'measurements', 'columns': ['name'], 'values': [[plain(match.group(2))]]} if known else None, False)]
        match = re.match('SELECT (' + NAME + '(?:,' + NAME + ')*) FROM ' + SOURCE
                         + r' WHERE time >= (-?\d+) AND time < (-?\d+)( LIMIT 1)?\s*$', statement)
        if not match:
            return [(None, False)]
        names = [plain(n) for n in re.findall(NAME, match.group(1))]
        topic = topics.get(plain(match.group(6)), Topic())
        begin, end = int(match.group(7)), int(match.group(8))
        rows = [[t, *(number(topic.rows[t].get(n)) for n in names)] for t in sorted(topic.rows)
                if begin <= t < end and any(n in topic.rows[t] for n in names)]
        rows = rows[:1] if match.group(9) else rows
        if not rows:
            return [(None, False)]
        parts = [rows[i:i + size] for i in range(0, len(rows), size)]
        return [({'name': plain(match.group(6)), 'columns': ['time', *names], 'values': part}, part is not parts[-1])
                for part in parts]

    def fault(self, statements, size):
        """Whether the request was answered with a fault."""
        options = self.server.options
        with self.server.lock:
            self.server.seen += 1
            n = self.server.seen - options.first
        if not options.fault or n < 0 or n >= options.times:
            return False
        fault = options.fault
        longest = max((int(e) - int(b) for b, e in re.findall(r'>= (-?\d+) AND time < (-?\d+)', ' '.join(statements))), default=0)
        if fault in ('mid', 'timeout', 'cut', 'early', 'slow'):
            size = 5
        objects = self.objects(statements, size)
        if fault == 'mid':
            self.answer(200, [objects[0], b'{"error":"shard is gone"}\n'])
        elif fault == 'timeout':
            if longest <= 2 * 10**9 and len(statements) == 1:
                return False
            self.answer(200, [objects[0], b'{"error":"query-timeout limit exceeded"}\n'])
        elif fault == 'cut':
            self.answer(200, [objects[0], objects[-1][:20]], whole=False)
        elif fault == 'early':
            self.answer(200, objects[:1])
        elif fault == 'no-newline':
            self.answer(200, [b''.join(objects)[:-2]])
        elif fault == 'empty':
            self.answer(200, [])
        elif fault == 'top-error':
            self.plain_json(200, {'error': 'the disk is on fire'})
        elif fault == 'csv':
            self.answer(200, [b'name,tags,time,x\n'], 'text/csv')
        elif fault == 'html':
            self.answer(200, [b'<html>log in</html>'], 'text/html; charset=utf-8')
        elif fault.isdigit():
            self.plain_json(int(fault), {'error': f'as told {fault}'}, [('Retry-After', '0')])
        elif fault == 'redirect':
            self.plain_json(302, {}, [('Location', options.elsewhere + '/query?token=shown')])
        elif fault == 'slow':
            self.answer(200, [objects[0][:20]], headers=[('X-Slow', '1')], whole=False)
            time.sleep(30)
        elif fault == 'gzip':
            self.answer(200, [b'no gzip at all'], headers=[('Content-Encoding', 'gzip')])
        elif fault == 'huge':
            self.answer(200, [re.sub(rb'"values":\[\[(\d+),\d+', rb'"values":[[\1,99999999999999999999', b''.join(objects), count=1)])
        elif fault == 'twice':
            # The first row of each result once more
            self.answer(200, [re.sub(rb'"values":\[(\[[^]]*\])', rb'"values":[\1,\1', o) for o in objects])
        elif fault == 'other-type':
            self.answer(200, [re.sub(rb'"values":\[\[(\d+),[^],]*', rb'"values":[[\1,"seven"', b''.join(objects), count=1)])
        else:
            sys.exit(f'no such fault: {fault}')
        return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('port_file')
    parser.add_argument('--recorded', action='append', default=[])
    parser.add_argument('--lp', action='append', default=[])
    parser.add_argument('--fault')
    parser.add_argument('--times', type=int, default=1 << 30)
    parser.add_argument('--from', dest='first', type=int, default=1)
    parser.add_argument('--names', action='store_true')
    parser.add_argument('--user')
    parser.add_argument('--log')
    parser.add_argument('--elsewhere')
    options = parser.parse_args()
    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.daemon_threads = True
    server.options, server.topics, server.lock, server.seen = options, {}, threading.Lock(), 0
    for name in options.recorded:
        read_recorded(server.topics, name)
    for name in options.lp:
        read_lp(server.topics, name)
    with open(options.port_file + '.new', 'w', encoding='utf-8') as f:
        f.write(f'{server.server_address[1]}\n')
    os.rename(options.port_file + '.new', options.port_file)
    server.serve_forever()


main()
