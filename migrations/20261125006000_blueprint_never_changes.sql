-- Onboardings are pinned to versions, and whoever published one counts on what it says.
CREATE TRIGGER blueprint_is_append_only
    BEFORE UPDATE ON blueprint
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
