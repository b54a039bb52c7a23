#!/usr/bin/env python3
"""Closes the loop around a model, against a running suite: train, register as shadow, compare, promote, roll back.

    python examples/retrain/retrain.py            (python with ../fraud-model/requirements.txt)

Simulated payments change their ways from the 40th day on. The suite runs with the example set and model; the days until the change and two weeks after it are
sent, with labels seven days late; a model is trained on what decisions saw and labels told by then, registered beside the champion as a shadow, compared with it on
the days that follow, promoted where it is better, and rolled back, to show the way. Exit 1 when a step does not do what it should.
"""
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DAY_MS = 86_400_000
DRIFT_DAY, TRAIN_DAY, LAST_DAY, DELAY_DAYS = 24, 45, 60, 7
CUSTOMERS, TERMINALS, SEED = int(os.environ.get('CUSTOMERS', '600')), int(os.environ.get('TERMINALS', '300')), os.environ.get('SEED', '20260301')


def main():
    work = tempfile.mkdtemp(prefix='weir-retrain-')
    events = os.path.join(work, 'payments.csv')
    weir('simulate', '--days', LAST_DAY, '--customers', CUSTOMERS, '--terminals', TERMINALS, '--seed', SEED, '--drift-from', DRIFT_DAY, '--out', events)
    rows = list(csv.DictReader(open(events, encoding='utf-8')))
    start = int(rows[0]['event_time']) // DAY_MS * DAY_MS
    suite = Suite(work)
    try:
        say(f'1. the champion decides the first {TRAIN_DAY} days; customers and thieves change their ways on day {DRIFT_DAY}')
        send(suite, work, rows, start, 0, TRAIN_DAY)
        show_wishes(suite)
        say('2. training on what decisions saw, with the labels that were known by then')
        model = train(work, rows, start)
        say('3. registering it beside the champion, as a shadow')
        suite.put_model('models/retrained.onnx', model)
        suite.apply([shadow()])
        expect(suite.roles(), {'fraud_gbm': 'champion', 'retrained': 'shadow'})
        say(f'4. both answer the days {TRAIN_DAY} to {LAST_DAY}; the champion decides')
        send(suite, work, rows, start, TRAIN_DAY, LAST_DAY)
        old, new = compare(suite, rows, start)
        say(f'   average precision on the same {old["decisions"]} decisions: champion {old["average_precision"]:.3f}, shadow {new["average_precision"]:.3f}; AUC {old["auc"]:.3f}, {new["auc"]:.3f}')
        if new['average_precision'] <= old['average_precision'] and os.environ.get('PROMOTE') != 'always':
            say('   it is no better: it is not promoted')
            return 1
        say('5. promoting it; the champion runs beside it from now on')
        suite.apply([{**shadow(), 'role': 'champion'}, {**suite.definition('Model', 'fraud_gbm'), 'role': 'shadow'}])
        expect(suite.roles(), {'fraud_gbm': 'shadow', 'retrained': 'champion'})
        say('6. and back again, as one would if it went wrong')
        suite.ask('POST', '/definitions/rollback', {})
        expect(suite.roles(), {'fraud_gbm': 'champion', 'retrained': 'shadow'})
        say('done')
        return 0
    finally:
        suite.stop()


class Suite:
    """`weir up` in a folder of its own, asked over HTTP."""

    def __init__(self, work):
        # The past is sent at once, so what is told of a model is not held back for an hour here; alerts of such days are no news.
        env = {**os.environ, 'WEIR_LABEL_DELAY_MS': str(DELAY_DAYS * DAY_MS)}
        self.process = subprocess.Popen([os.path.join(ROOT, 'weir'), 'up', '--data', os.path.join(work, 'data'), '--port', '0', '--definitions', os.path.join(ROOT, 'examples', 'definitions'), '--json'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.url, self.key = ready['url'], ready.get('api_key') or os.environ['WEIR_API_KEY']

    def ask(self, method, path, body=None, kind='application/json'):
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers={'authorization': f'Bearer {self.key}', **({} if data is None else {'content-type': kind})})
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return json.loads(answer.read() or b'null')
        except urllib.error.HTTPError as error:
            raise SystemExit(f'{method} {path}: {error.code} {error.read().decode()[:2000]}') from None

    def put_model(self, path, files):
        kept = self.ask('PUT', f'/models/files?path={path}', open(files['model'], 'rb').read(), 'application/octet-stream')
        self.ask('PUT', f'/models/files?path={path}.background.csv&background_of={kept["sha256"]}', open(files['background'], 'rb').read(), 'application/octet-stream')

    def apply(self, documents):
        return self.ask('POST', '/definitions/apply', {'definitions': documents})

    def definition(self, kind, name):
        return {key: value for key, value in self.ask('GET', f'/definitions/{kind}/{name}').items() if key != 'version'}

    def roles(self):
        return {model['name']: model['role'] for model in self.ask('GET', '/models')['models']}

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)


def send(suite, work, rows, start, first, last):
    """Transactions of some days by `weir ingest`, then the labels that became known in those days."""
    part = os.path.join(work, f'days-{first}-{last}.csv')
    mine = [row for row in rows if start + first * DAY_MS <= int(row['event_time']) < start + last * DAY_MS]
    with open(part, 'w', newline='', encoding='utf-8') as file:
        columns = [name for name in rows[0] if not name.startswith('fraud')]
        writer = csv.DictWriter(file, columns, extrasaction='ignore')
        writer.writeheader()
        writer.writerows(mine)
    subprocess.run([os.path.join(ROOT, 'weir'), 'ingest', part, '--url', suite.url], check=True, env={**os.environ, 'WEIR_API_KEY': suite.key}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    labels = known_labels(rows, start + first * DAY_MS, start + last * DAY_MS)
    for index in range(0, len(labels), 500):
        suite.ask('POST', '/labels', {'labels': labels[index:index + 500]})
    wait_for(lambda: behind(suite) == 0, 'the monitors to look at all of it')
    wait_for(lambda: sum(week['frauds'] for week in suite.ask('GET', '/models/quality')['weeks']) > 0, 'the labels to count')


def known_labels(rows, from_ms, to_ms):
    known = [(row['transaction_id'], int(row['event_time']) + DELAY_DAYS * DAY_MS) for row in rows if row['fraud'] == '1']
    return [{'transaction_id': name, 'fraud': True, 'by': 'dispute', 'source': 'dispute', 'at': at} for name, at in known if from_ms <= at < to_ms]


def train(work, rows, start):
    """What is known on day TRAIN_DAY: transactions until then, and of their labels those of seven days before."""
    known = os.path.join(work, 'known.csv')
    with open(known, 'w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(row for row in rows if int(row['event_time']) < start + TRAIN_DAY * DAY_MS)
    python = sys.executable
    run(python, 'examples/model-quality/with_labels.py', '--events', known, '--delay', DELAY_DAYS, '--out', os.path.join(work, 'lane.jsonl'))
    weir('train-set', '--service', 'fraud_v1', '--definitions', 'examples/definitions', '--events', os.path.join(work, 'lane.jsonl'), '--labels', known, '--out', os.path.join(work, 'training.parquet'))
    run(python, 'examples/fraud-model/train.py', '--set', os.path.join(work, 'training.parquet'), '--events', known, '--test-days', 1, '--delay', DELAY_DAYS - 1, '--out', work, '--name', 'retrained', '--metrics', os.path.join(work, 'metrics.json'))
    return {'model': os.path.join(work, 'retrained.onnx'), 'background': os.path.join(work, 'retrained.background.csv')}


def compare(suite, rows, start):
    """Weeks in which both answered and whose labels are due, by decisions."""
    weeks = [week for week in suite.ask('GET', '/models/quality')['weeks'] if week['average_precision'] is not None]
    both = {week['week'] for week in weeks if week['model'] == 'retrained'} & {week['week'] for week in weeks if week['model'] == 'fraud_gbm'}
    if not both:
        raise SystemExit('there is no week in which both answered and labels are due')
    newest = max(both)
    pick = lambda name: next(week for week in weeks if week['model'] == name and week['week'] == newest)
    return pick('fraud_gbm'), pick('retrained')


def show_wishes(suite):
    for alert in suite.ask('GET', '/alerts?raised_by=fraud_gbm')['alerts'][:3]:
        say(f'   {alert["severity"]}: {alert["text"][:200]}')


def behind(suite):
    request = urllib.request.Request(f'{suite.url}/metrics')
    text = urllib.request.urlopen(request, timeout=60).read().decode()
    return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith('weir_models_monitor_behind_count')), -1)


def wait_for(holds, what, seconds=600):
    end = time.time() + seconds
    while not holds():
        if time.time() > end:
            raise SystemExit(f'waited {seconds} s for {what}')
        time.sleep(0.5)
    time.sleep(2)


def shadow():
    return {'kind': 'Model', 'name': 'retrained', 'file': 'models/retrained.onnx', 'features': 'fraud_v1', 'output': 'probabilities[1]', 'role': 'shadow', 'background': 'models/retrained.onnx.background.csv'}


def expect(got, wanted):
    if got != wanted:
        raise SystemExit(f'expected {wanted}, got {got}')


def weir(*arguments):
    run(os.path.join(ROOT, 'weir'), *arguments)


def run(*command):
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f'{" ".join(map(str, command))}\n{done.stdout[-1000:]}{done.stderr[-2000:]}')


def say(text):
    print(text, flush=True)


if __name__ == '__main__':
    sys.exit(main())
