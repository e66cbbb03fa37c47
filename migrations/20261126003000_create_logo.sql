-- Images of brands. Named by their content, so a blueprint version and whoever caches it never see
-- another one.
CREATE TABLE logo (
    -- SHA-256 of `image`, in hexadecimal digits.
    logo_id text NOT NULL,
    media_type text NOT NULL,
    image bytea NOT NULL,
    uploaded_at timestamptz NOT NULL,
    CONSTRAINT logo_pkey PRIMARY KEY (logo_id),
    CONSTRAINT logo_image_length CHECK (octet_length(image) BETWEEN 1 AND 131072)
);
