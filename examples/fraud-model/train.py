#!/usr/bin/env python3
"""Trains the example model on a training set of Weir and exports it as ONNX.

    python train.py --set training.parquet --events payments.csv --out ../definitions/models

The set is what `weir train-set` writes (Parquet, CSV or JSONL): transaction_id, event_time (ms), fraud (0 or 1) and, in the
order of the feature service, a column VIEW:FEATURE each; empty is missing. The events (any of these forms) say which card a
transaction was of and, where they are simulated, which kind of fraud; only the figures need them. Written are NAME.onnx, NAME.background.csv (rows the
model knows as usual), NAME.rows.csv (rows to try) and, beside this script, metrics.json.

Split by time, as it would have been: trained on what was labelled when the test began, so the last days before the test,
whose labels were still on their way, are left out (--delay).
"""
import argparse
import json
import os

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import xgboost
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from sklearn.metrics import average_precision_score, roc_auc_score

OPSET = 15
DAY_MS = 86_400_000


def main():
    options = read_options()
    table = read_table(options.set).sort_values('event_time', kind='stable').reset_index(drop=True)
    features = [column for column in table.columns if ':' in column]
    table = with_cards(table, read_table(options.events), options.card)
    day = (table['event_time'] - table['event_time'].iloc[0]) // DAY_MS
    last = int(day.max()) + 1
    test = table[day >= last - options.test_days]
    until = last - options.test_days - options.delay
    train = table[(day < until) & (day >= (0 if options.train_days is None else until - options.train_days))]
    print(f'{len(features)} features; {len(train)} rows to train, {len(test)} to test, {options.delay} days of labels not waited for')

    model = fit(train, features, options)
    path = os.path.join(options.out, options.name)
    os.makedirs(options.out, exist_ok=True)
    save_onnx(model, features, path + '.onnx')
    score = run_onnx(path + '.onnx', matrix(test, features))
    compare(score, model.predict_proba(matrix(test, features))[:, 1])

    metrics = measure(test, score, train)
    with open(options.metrics, 'w', encoding='utf-8') as file:
        json.dump(metrics, file, indent=2)
        file.write('\n')
    write_rows(train.sample(n=min(200, len(train)), random_state=options.seed).sort_index()[features], path + '.background.csv')
    write_rows(pick_rows(test, score, options.seed)[features], path + '.rows.csv')
    print(json.dumps(metrics, indent=2))


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--set', required=True)
    parser.add_argument('--events', required=True)
    parser.add_argument('--out', required=True)
    parser.add_argument('--name', default='fraud_gbm')
    parser.add_argument('--metrics', default=os.path.join(os.path.dirname(os.path.abspath(__file__)), 'metrics.json'))
    parser.add_argument('--trees', type=int, default=60)
    parser.add_argument('--depth', type=int, default=4)
    parser.add_argument('--rate', type=float, default=0.15)
    parser.add_argument('--test-days', type=int, default=14)
    parser.add_argument('--delay', type=int, default=7, help='days until a label is known')
    parser.add_argument('--train-days', type=int, default=None, help='days to train on; without it all that come before')
    parser.add_argument('--card', default='card_id', help='column of the card, or of who stands for it')
    parser.add_argument('--seed', type=int, default=1)
    return parser.parse_args()


def read_table(path):
    if path.endswith('.parquet'):
        table = pd.read_parquet(path)
    elif '.jsonl' in path:
        table = pd.read_json(path, lines=True)
    else:
        table = pd.read_csv(path, dtype={'transaction_id': str})
    return table.astype({'transaction_id': str})


def with_cards(table, events, card):
    columns = [card] + [column for column in ['fraud_kind'] if column in events]
    return table.join(events.set_index('transaction_id')[columns], on='transaction_id', validate='one_to_one').rename(columns={card: 'card_id'})


def matrix(table, features):
    """float32, as the model sees it; booleans are 0 and 1, missing is NaN."""
    return table[features].astype('float32').to_numpy()


def fit(train, features, options):
    """No weights and no resampling: p stays a probability, and the policy's bands mean what they say."""
    model = xgboost.XGBClassifier(
        n_estimators=options.trees, max_depth=options.depth, learning_rate=options.rate, min_child_weight=1.0, reg_lambda=1.0, subsample=0.8, colsample_bytree=0.8,
        tree_method='hist', objective='binary:logistic', base_score=float(train['fraud'].mean()), n_jobs=1, random_state=options.seed)
    model.fit(matrix(train, features), train['fraud'].to_numpy())
    return model


def save_onnx(model, features, path):
    """The names of the inputs go into the file: publishing compares them with the feature service."""
    onnx_model = convert_xgboost(model, initial_types=[('input', FloatTensorType([None, len(features)]))], target_opset=OPSET)
    onnx_model.graph.name = 'fraud'  # the converter's is another one each time
    onnx_model.metadata_props.add(key='feature_names', value=json.dumps(features))
    onnx.save(onnx_model, path)


def run_onnx(path, rows):
    session_options = onnxruntime.SessionOptions()
    session_options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, session_options, providers=['CPUExecutionProvider'])
    return session.run(['probabilities'], {'input': rows})[0][:, 1]


def compare(one, other):
    difference = float(np.max(np.abs(one - other)))
    if difference > 1e-5:
        raise SystemExit(f'the ONNX file differs from the model by {difference}')


def measure(test, score, train):
    fraud = test['fraud'].to_numpy()
    metrics = {
        'train_rows': len(train), 'train_fraud_share': round(float(train['fraud'].mean()), 5), 'test_rows': len(test), 'test_fraud_share': round(float(fraud.mean()), 5),
        'auc': round(float(roc_auc_score(fraud, score)), 4), 'average_precision': round(float(average_precision_score(fraud, score)), 4),
        'card_precision_100': round(card_precision(test, score, 100), 4), 'card_precision_100_possible': round(card_precision(test, fraud, 100), 4), 'card_precision_20': round(card_precision(test, score, 20), 4),
        'mean_score': round(float(score.mean()), 5),
    }
    if 'fraud_kind' in test:
        kinds = test['fraud_kind'].to_numpy()
        metrics['recall_at_0.3_by_kind'] = {kind: round(float((score[kinds == kind] >= 0.3).mean()), 4) for kind in sorted(set(kinds)) if kind != 'none'}
        metrics['false_alarms_at_0.3'] = round(float((score[fraud == 0] >= 0.3).mean()), 6)
    return metrics


def card_precision(test, score, k):
    """Share of frauds among the k cards with the highest score of a day, averaged over days; a card found is not looked at again."""
    day = test['event_time'].to_numpy() // DAY_MS
    found, shares = set(), []
    table = pd.DataFrame({'day': day, 'card': test['card_id'].to_numpy(), 'score': score, 'fraud': test['fraud'].to_numpy()})
    for _, rows in table.groupby('day'):
        cards = rows[~rows['card'].isin(found)].groupby('card').agg(score=('score', 'max'), fraud=('fraud', 'max'))
        top = cards.sort_values('score', ascending=False, kind='stable').head(k)
        found |= set(top.index[top['fraud'] == 1])
        shares.append(top['fraud'].sum() / k)
    return float(np.mean(shares))


def pick_rows(test, score, seed):
    """Ten genuine transactions and the ten with the highest scores."""
    ordered = test.assign(score=score).sort_values('score', ascending=False, kind='stable')
    return pd.concat([ordered.head(10), test[test['fraud'] == 0].sample(n=10, random_state=seed)])


def write_rows(rows, path):
    rows.astype('float32').to_csv(path, index=False, lineterminator='\n')


if __name__ == '__main__':
    main()
