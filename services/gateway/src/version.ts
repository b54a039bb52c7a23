/** Version of the interface, as the OpenAPI document tells it. */
export const version = '1.0.0';
