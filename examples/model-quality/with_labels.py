#!/usr/bin/env python3
"""Puts the labels of a file of transactions among them, each where it became known.

    python with_labels.py --events payments.csv --delay 7 --out payments-and-labels.jsonl

Weir's lanes hold labels as events of the built-in source `labels`, in order with the transactions; so does a file. Of a column `fraud`
(0 or 1) come labels of the fraudulent ones, `delay` days after the transaction, for that is what comes back from disputes: nobody reports
that a payment was genuine. The transactions themselves lose the column. The ends of the file are those of the transactions.
"""
import argparse
import heapq
import json

import pandas as pd

DAY_MS = 86_400_000
LABEL_COLUMNS = {'fraud', 'fraud_kind'}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--events', required=True)
    parser.add_argument('--out', required=True)
    parser.add_argument('--delay', type=float, default=7, help='days until a label is known')
    options = parser.parse_args()
    events = pd.read_csv(options.events, dtype=str, keep_default_na=False)
    events['event_time'] = events['event_time'].astype('int64')
    events = events.sort_values('event_time', kind='stable')
    delay_ms = int(options.delay * DAY_MS)
    end_ms = int(events['event_time'].iloc[-1])
    columns = [column for column in events.columns if column not in LABEL_COLUMNS]
    records = events[columns].to_dict('records')
    labels = [label(row, delay_ms) for row, fraud in zip(records, events['fraud']) if fraud == '1' and row['event_time'] + delay_ms <= end_ms]
    with open(options.out, 'w', encoding='utf-8') as file:
        for _, _, record in heapq.merge(((row['event_time'], 1, clean(row)) for row in records), ((row['at'], 0, row) for row in labels), key=lambda one: one[:2]):
            file.write(json.dumps(record, separators=(',', ':')) + '\n')
    print(f'{len(records)} transactions, {len(labels)} labels known before their end')


def clean(row):
    """CSV is text; empty is missing, and what is written as a number is one."""
    return {name: number(name, value) for name, value in row.items() if value != ''}


def number(name, value):
    if name not in ('amount', 'lat', 'lon'):
        return value
    return int(value) if value.lstrip('-').isdigit() else float(value)


def label(row, delay_ms):
    """What a label needs: of which transaction, and the entities it is about. Amounts stay with the transaction."""
    keys = {name: value for name, value in row.items() if value != '' and name not in ('amount', 'event_time', 'lat', 'lon')}
    at = row['event_time'] + delay_ms
    return {**keys, '_source': 'labels', 'label_id': f"{row['transaction_id']}|{at}|dispute", 'fraud': True, 'by': 'dispute', 'at': at, 'source': 'dispute'}


if __name__ == '__main__':
    main()
