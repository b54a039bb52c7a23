/** Version of the interface, as the OpenAPI document tells it. */
export const version = '0.1.0';
