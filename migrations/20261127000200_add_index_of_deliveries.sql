-- Support looks at what was told of one onboarding.
CREATE INDEX webhook_delivery_by_onboarding ON webhook_delivery (onboarding_id, message_id)
    WHERE onboarding_id IS NOT NULL;
