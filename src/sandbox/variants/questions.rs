//! The questions to which no source has Cyclr's answer, and the answers that it might give.
//!
//! The first answer of each is the usual one: the likeliest, where there is a reason to think so.

use super::{Question, pick};

questions! {
    second_create SecondCreate "What comes of creating an account under an id that is taken?" {
        Refused "refused" "400 \"ID already in use\", as was observed.",
        Conflict "conflict" "409 with the same text.",
        Existing "existing" "200 with the account that is there, unchanged.",
        SecondAccount "second_account" "200 with a second account under an id of Cyclr's own.",
    }
    account_id_limits AccountIdLimits "Which ids may be chosen for accounts?" {
        Any "any" "Any text.",
        Narrow "narrow" "400 for more than 64 characters, and for others than A-Z, a-z, 0-9, dot, hyphen and underscore.",
    }
    unknown_timezone UnknownTimezone "What comes of a time zone that does not exist?" {
        Accepted "accepted" "It is stored as it is.",
        Refused "refused" "400.",
    }
    delete_while_active DeleteWhileActive "May an account with an active cycle be deleted?" {
        Deleted "deleted" "Yes, its cycles go with it.",
        Conflict "conflict" "409 until they are stopped.",
    }
    second_delete SecondDelete "What does deleting a cycle that is deleted already answer?" {
        Missing "missing" "404.",
        Accepted "accepted" "200 again.",
    }
    missing_account_header MissingAccountHeader "What does a call without X-Cyclr-Account answer where it is needed?" {
        Bad "bad_request" "400.",
        Denied "unauthorized" "401.",
        Forbidden "forbidden" "403.",
        Missing "not_found" "404.",
    }
    foreign_account ForeignAccount "What does a call answer whose X-Cyclr-Account names no account of the partner?" {
        Missing "not_found" "404.",
        Forbidden "forbidden" "403.",
        Denied "unauthorized" "401.",
        Bad "bad_request" "400.",
    }
    account_header AccountHeader "Does X-Cyclr-Account take Cyclr's own id of an account that has a chosen one?" {
        ChosenId "chosen_id" "No, the chosen id only.",
        EitherId "either_id" "Yes, both.",
    }
    sign_in_without_username SignInWithoutUsername "May a sign-in token be asked for without a user name?" {
        Allowed "allowed" "Yes.",
        Refused "refused" "400.",
    }
    account_token_may_sign_in AccountTokenMaySignIn "May a token for one account ask for a sign-in token?" {
        Allowed "allowed" "Yes, for its account.",
        Refused "refused" "403.",
    }
    install_reuse InstallReuse "Does an install take account connectors that are there already?" {
        Reused "reused" "Yes, unless the template asks for connectors of its own.",
        Fresh "fresh" "No, it makes new ones each time.",
    }
    name_in_install NameInInstall "Does an install take a name for the cycle?" {
        Used "used" "Yes.",
        Ignored "ignored" "No, the cycle is called as the template.",
    }
    installed_status InstalledStatus "Which status has a cycle after its install?" {
        Paused "paused" "Paused, as was observed.",
        Stopped "stopped" "Stopped.",
        Active "active" "Active.",
    }
    test_values_copied TestValuesCopied "Does an install copy the values that the template's maker tried it with?" {
        NotCopied "not_copied" "No.",
        Copied "copied" "Yes, as static values.",
    }
    property_twice PropertyTwice "What comes of posting a property of a name that is there?" {
        Added "added" "A second one.",
        Refused "refused" "400.",
        Replaced "replaced" "The one that is there takes the value.",
    }
    credential_check CredentialCheck "Is a credential tried when it is set? Here one is wrong when it begins with \"wrong\"." {
        Stored "stored" "No, it is stored and the connector counts as authenticated.",
        Refused "refused" "Yes, a wrong one is refused with 400.",
        LeftOpen "left_open" "Yes, after a wrong one the connector is not authenticated.",
    }
    credential_shown CredentialShown "Does reading an account connector show its credential?" {
        InClear "in_clear" "Yes, in clear.",
        Hidden "hidden" "No; null. Setting it still echoes it.",
    }
    return_query ReturnQuery "Is anything added to targetOrigin when the browser is sent back?" {
        AsGiven "as_given" "Nothing.",
        Merged "merged" "result=success, after a query that is there.",
        Appended "appended" "?result=success, whatever is there.",
    }
    authenticated_lag AuthenticatedLag "When does a connector count as authenticated after a sign-in?" {
        AtOnce "at_once" "Before the browser is sent back.",
        TenSeconds "ten_seconds" "Ten seconds after that.",
        ThirdRead "third_read" "When it is read for the third time after that.",
    }
    map_while_running MapWhileRunning "May a mapping of a running cycle be changed?" {
        Refused "refused" "409, as for the cycle and its steps.",
        Accepted "accepted" "Yes.",
    }
    value_list_checked ValueListChecked "Is a value of the kind `ValueList` looked for among the values of its field?" {
        Unchecked "unchecked" "No.",
        Checked "checked" "400 for another one.",
    }
    value_length ValueLength "How long may the value of a mapping be?" {
        Any "any" "As long as a request may be.",
        Short "short" "400 for more than 255 characters.",
    }
    fields_for_mapping FieldsForMapping "How are the fields of earlier steps listed?" {
        Flat "flat" "As one list, as documented.",
        Grouped "grouped" "By step, as one integrator read them.",
    }
    variable_lacking VariableLacking "Under which code is a variable without a value told among what is missing?" {
        Unknown "unknown" "0, with its name.",
        Mapping "mapping" "30, as a mapping is.",
    }
    activate_not_ready ActivateNotReady "What comes of activating a cycle that lacks something?" {
        Refused "refused" "400.",
        Conflict "conflict" "409.",
        StaysPaused "stays_paused" "200, and the cycle stays as it is.",
    }
    activate_active ActivateActive "What comes of activating a cycle that is active?" {
        Again "again" "200, it is started anew.",
        Refused "refused" "400.",
        Conflict "conflict" "409.",
    }
    activate_bad_interval ActivateBadInterval "What comes of an interval that is none of those listed?" {
        Accepted "accepted" "It is taken.",
        Clamped "clamped" "The next longer one is taken, or the longest.",
        Refused "refused" "400.",
    }
    activate_no_interval ActivateNoInterval "What comes of activating without an interval a cycle that is to run more than once?" {
        Hourly "hourly" "It runs every hour.",
        Refused "refused" "400.",
    }
    deactivated_status DeactivatedStatus "Which status has a cycle that was deactivated?" {
        Paused "paused" "Paused.",
        Stopped "stopped" "Stopped.",
    }
    run_once_status RunOnceStatus "Which status has a cycle after its single run?" {
        Paused "paused" "Paused, as documented.",
        Stopped "stopped" "Stopped.",
    }
    default_page_size DefaultPageSize "How long is a page for which no size is asked?" {
        Hundred "100" "A hundred.",
        Twenty "20" "Twenty.",
        Thousand "1000" "A thousand.",
    }
    largest_page LargestPage "How long may a page be? A larger size is cut down to it." {
        Thousand "1000" "A thousand.",
        Hundred "100" "A hundred.",
    }
    total_pages_header TotalPagesHeader "Do lists tell the number of their pages in the header Total-Pages?" {
        Sent "sent" "Yes, as was observed.",
        Absent "absent" "No.",
    }
}
