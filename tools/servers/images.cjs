/** Images of the servers, as their makers publish them; docker-compose.yml names the same. */
module.exports = Object.freeze({
  kafka: 'apache/kafka:4.3.1',
  redis: 'redis:8',
  postgres: 'postgres:17',
  node: 'node:24-slim',
  prometheus: 'prom/prometheus:v3.2.1',
});
