//! The API description (OpenAPI 3.1), made from the router's table.
