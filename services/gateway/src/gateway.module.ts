import { Module, type DynamicModule } from '@nestjs/common';
import { controllers } from './endpoints';
import { GatewayContext } from './gateway-context';
import { OpenApiDocument } from './openapi/document';

/** The gateway's only Nest module: the controllers, and what they share by value. */
@Module({})
export class GatewayModule {
  static register(values: { readonly context: GatewayContext; readonly document: OpenApiDocument }): DynamicModule {
    return {
      module: GatewayModule, controllers,
      providers: [{ provide: GatewayContext, useValue: values.context }, { provide: OpenApiDocument, useValue: values.document }],
    };
  }
}
