#!/usr/bin/env python3
"""Makes the models beside this script from a seed: `python make_models.py`, with numpy, onnx, onnxruntime, onnxmltools, scikit-learn, xgboost.

ensemble.onnx    mean of two tree ensembles' margins
calibrated.onnx  the same, Platt-calibrated: sigmoid(a * margin + b), a and b fitted on rows held back
float.onnx       a small neural network; int8.onnx the same with INT8 weights (onnxruntime's dynamic quantisation)
rows.csv         validation rows with their truth in the last column; background.csv rows for explanations
expected.json    P(fraud) of rows.csv by onnxruntime, model by model
"""
import json
import os

import numpy as np
import onnx
import onnxruntime
import xgboost
from onnx import TensorProto, helper as h, numpy_helper
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from onnxruntime.quantization import quantize_dynamic
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

HERE = os.path.dirname(os.path.abspath(__file__))
INPUTS = 6


def world(random, count):
    rows = random.normal(size=(count, INPUTS)).astype('float32')
    margin = 2.0 * rows[:, 0] + np.abs(rows[:, 1]) * 1.5 - rows[:, 2] * rows[:, 3] - 2.0
    return rows, (random.random(count) < 1 / (1 + np.exp(-margin))).astype(int)


def trees(rows, fraud, seed, depth):
    model = xgboost.XGBRegressor(n_estimators=20, max_depth=depth, learning_rate=0.3, random_state=seed, n_jobs=1).fit(rows, 4.0 * fraud - 2.0)
    node = next(node for node in convert_xgboost(model, initial_types=[('input', FloatTensorType([None, INPUTS]))], target_opset=15).graph.node if node.op_type == 'TreeEnsembleRegressor')
    node.input[0], node.output[0], node.name = 'input', f'margin_{seed}', f'trees_{seed}'
    return node


def save(file, nodes, constants):
    graph = h.make_graph(nodes, 'fraud', [h.make_tensor_value_info('input', TensorProto.FLOAT, ['n', INPUTS])], [h.make_tensor_value_info('p', TensorProto.FLOAT, ['n', 1])], constants)
    onnx.save(h.make_model(graph, opset_imports=[h.make_opsetid('', 15), h.make_opsetid('ai.onnx.ml', 3)], ir_version=8), os.path.join(HERE, file))


def constant(name, value):
    return numpy_helper.from_array(np.array(value, dtype=np.float32), name)


def run(file, rows):
    return onnxruntime.InferenceSession(os.path.join(HERE, file), providers=['CPUExecutionProvider']).run(['p'], {'input': rows})[0][:, 0]


def main():
    random = np.random.default_rng(7)
    rows, fraud = world(random, 3_000)
    held, held_fraud = world(random, 1_000)
    pair = [trees(rows, fraud, 1, 3), trees(rows, fraud, 2, 4)]
    mean = pair + [h.make_node('Add', ['margin_1', 'margin_2'], ['sum']), h.make_node('Mul', ['sum', 'half'], ['margin'])]
    half = constant('half', [0.5])
    save('ensemble.onnx', mean + [h.make_node('Sigmoid', ['margin'], ['p'])], [half])
    p = run('ensemble.onnx', held).astype(float)
    platt = LogisticRegression(C=1e6).fit(np.log(p / (1 - p))[:, None], held_fraud)
    save('calibrated.onnx', mean + [h.make_node('Mul', ['margin', 'a'], ['scaled']), h.make_node('Add', ['scaled', 'b'], ['shifted']), h.make_node('Sigmoid', ['shifted'], ['p'])],
         [half, constant('a', [platt.coef_[0][0]]), constant('b', [platt.intercept_[0]])])
    net = MLPClassifier((16,), random_state=1, max_iter=300).fit(rows, fraud)
    nodes, constants, last = [], [], 'input'
    for layer, (weights, bias) in enumerate(zip(net.coefs_, net.intercepts_)):
        nodes += [h.make_node('MatMul', [last, f'w{layer}'], [f'm{layer}']), h.make_node('Add', [f'm{layer}', f'b{layer}'], [f's{layer}'])]
        constants += [constant(f'w{layer}', weights), constant(f'b{layer}', bias)]
        last = f'a{layer}' if layer + 1 < len(net.coefs_) else 'p'
        nodes.append(h.make_node('Relu' if last != 'p' else 'Sigmoid', [f's{layer}'], [last]))
    save('float.onnx', nodes, constants)
    quantize_dynamic(os.path.join(HERE, 'float.onnx'), os.path.join(HERE, 'int8.onnx'))
    rows, fraud = world(random, 400)
    np.savetxt(os.path.join(HERE, 'rows.csv'), np.column_stack([rows, fraud]), fmt='%.7g', delimiter=',', header='a,b,c,d,e,f,fraud', comments='')
    np.savetxt(os.path.join(HERE, 'background.csv'), held[:100], fmt='%.7g', delimiter=',', header='a,b,c,d,e,f', comments='')
    with open(os.path.join(HERE, 'expected.json'), 'w', encoding='utf-8') as file:
        json.dump({name: [float(value) for value in run(f'{name}.onnx', rows)] for name in ('ensemble', 'calibrated', 'float', 'int8')}, file)


if __name__ == '__main__':
    main()
