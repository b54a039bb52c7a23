export { OnnxModelRuntime } from './onnx-model-runtime';
