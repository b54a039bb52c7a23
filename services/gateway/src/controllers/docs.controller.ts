import { Controller, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Answers, endpoint } from '../http/endpoint';
import { OpenApiDocument } from '../openapi/document';

const tag = 'Process';
export const openapiJson = endpoint({ method: 'GET', path: '/openapi.json', tag, role: null, summary: 'This interface as OpenAPI 3.1', responses: { 200: { description: 'The document.', schema: z.looseObject({ openapi: z.string() }) } } });
export const docsPage = endpoint({ method: 'GET', path: '/docs', tag, role: null, summary: 'This interface to browse and try', responses: { 200: { description: 'A page.', type: 'text/html', schema: z.string() } } });

@Controller(['', 'v1'])
export class DocsController {
  constructor(private readonly document: OpenApiDocument) {}

  @Answers(openapiJson)
  json(@Res() reply: FastifyReply): void {
    void reply.type('application/json; charset=utf-8').header('cache-control', 'no-cache').send(this.document.json);
  }

  @Answers(docsPage)
  page(@Res() reply: FastifyReply): void {
    void reply.type('text/html; charset=utf-8').header('content-security-policy', docsPolicy).header('cache-control', 'no-cache').send(pageHtml);
  }
}

/** Swagger UI sets styles in its elements and shows its pictures as data; everything comes from here. */
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const pageHtml = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Weir: the interface</title><link rel="icon" href="/docs/favicon-32x32.png"><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body>
</html>
`;

/** Served as /docs/start.js, for the page allows no script inside itself. */
export const docsStartScript = `window.ui = SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true, persistAuthorization: false, validatorUrl: null });\n`;
