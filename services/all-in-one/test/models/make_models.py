#!/usr/bin/env python3
"""Makes the small models beside this script: `python make_models.py`, with onnx installed. All take [amount, tx_count_5m] and answer P(fraud).

steady.onnx, other.onnx   logistic in the amount, two versions
fails.onnx                steady up to an amount of 1,000.00; a batch with more fails as it runs, as a broken look-up would
slow.onnx                 steady up to an amount of 1,000.00; a batch with more takes many times as long, the longer the more
silent.onnx               steady up to an amount of 1,000.00; NaN above it
background.csv            rows that all of them answer
"""
import os

import numpy as np
import onnx
from onnx import TensorProto, helper as h, numpy_helper

LIMIT = 100_000.0  # minor units
HERE = os.path.dirname(os.path.abspath(__file__))


def constant(name, value, dtype=np.float32):
    return numpy_helper.from_array(np.array(value, dtype=dtype), name)


def logistic(name, weights, bias):
    nodes = [h.make_node('MatMul', ['input', 'weights'], ['product']), h.make_node('Add', ['product', 'bias'], ['margin']), h.make_node('Sigmoid', ['margin'], [name])]
    return nodes, [constant('weights', [[weights[0]], [weights[1]]]), constant('bias', [bias])]


def save(file, nodes, constants):
    graph = h.make_graph(nodes, 'fraud', [h.make_tensor_value_info('input', TensorProto.FLOAT, ['n', 2])], [h.make_tensor_value_info('p', TensorProto.FLOAT, ['n', 1])], constants)
    model = h.make_model(graph, opset_imports=[h.make_opsetid('', 15)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, os.path.join(HERE, file))


def largest():
    """[1], 1.0 where a row of the batch is above the limit."""
    return [h.make_node('Slice', ['input', 'from', 'to', 'axis'], ['amounts']), h.make_node('ReduceMax', ['amounts'], ['most'], axes=[0, 1], keepdims=0),
            h.make_node('Greater', ['most', 'limit'], ['above'])]


def slices():
    return [constant('from', [0], np.int64), constant('to', [1], np.int64), constant('axis', [1], np.int64), constant('limit', LIMIT)]


def fails():
    nodes, constants = logistic('steady', (0.00005, 0.1), -4.0)
    # The look-up has one entry; above the limit the second is asked for.
    nodes += largest() + [h.make_node('Cast', ['above'], ['index'], to=TensorProto.INT64), h.make_node('Gather', ['table', 'index'], ['one']), h.make_node('Mul', ['steady', 'one'], ['p'])]
    save('fails.onnx', nodes, constants + slices() + [constant('table', [1.0])])


def slow():
    nodes, constants = logistic('steady', (0.00005, 0.1), -4.0)
    body = h.make_graph(
        [h.make_node('MatMul', ['square', 'turn'], ['turned']), h.make_node('Identity', ['on'], ['still'])], 'body',
        [h.make_tensor_value_info('step', TensorProto.INT64, []), h.make_tensor_value_info('on', TensorProto.BOOL, []), h.make_tensor_value_info('square', TensorProto.FLOAT, [64, 64])],
        [h.make_tensor_value_info('still', TensorProto.BOOL, []), h.make_tensor_value_info('turned', TensorProto.FLOAT, [64, 64])], [constant('turn', np.eye(64))])
    nodes += largest()[:2] + [
        h.make_node('Div', ['most', 'limit'], ['share']), h.make_node('Cast', ['share'], ['more'], to=TensorProto.INT64), h.make_node('Mul', ['more', 'rounds'], ['extra']), h.make_node('Add', ['extra', 'once'], ['times']),
        h.make_node('Loop', ['times', 'yes', 'eye'], ['last'], body=body), h.make_node('ReduceMax', ['last'], ['one'], axes=[0, 1], keepdims=0), h.make_node('Mul', ['steady', 'one'], ['p'])]
    save('slow.onnx', nodes, constants + slices() + [constant('rounds', 4_000, np.int64), constant('once', 1, np.int64), constant('yes', True, np.bool_), constant('eye', np.eye(64))])


def silent():
    nodes, constants = logistic('steady', (0.00005, 0.1), -4.0)
    nodes += [h.make_node('Slice', ['input', 'from', 'to', 'axis'], ['amounts']), h.make_node('Greater', ['amounts', 'limit'], ['above']), h.make_node('Where', ['above', 'nan', 'steady'], ['p'])]
    save('silent.onnx', nodes, constants + slices() + [constant('nan', [[np.nan]])])


def main():
    for file, weights, bias in [('steady.onnx', (0.00005, 0.1), -4.0), ('other.onnx', (0.00004, 0.2), -3.5)]:
        save(file, *logistic('p', weights, bias))
    fails()
    slow()
    silent()
    random = np.random.default_rng(1)
    with open(os.path.join(HERE, 'background.csv'), 'w', encoding='utf-8') as file:
        file.write('tx:amount,card_velocity:tx_count_5m\n')
        for amount, count in zip(random.integers(100, 50_000, 80), random.integers(1, 5, 80)):
            file.write(f'{amount},{count}\n')


if __name__ == '__main__':
    main()
