### What the page says, in English. Every other catalogue has the same messages.

page-title = Belfry: the live picture of the town
language-name = English
skip-to-list = Skip to the list
settings = Settings
language = Language
appearance = Appearance
appearance-system = System
appearance-light = Light
appearance-dark = Dark
appearance-contrast = High contrast
sign-out = Sign out

link-connecting = Connecting…
link-live = Live
link-cut = Cut off
link-signIn = Signed out
link-refused = Refused
changes-a-second = { $rate } changes a second

banner-cut = The live connection is cut. What you see is not current.
banner-age = Last heard from the server { $age }.
banner-never = Nothing has been heard from the server yet.
banner-retry = Next try in { $seconds } s.
banner-trying = Trying now…
retry-now = Try now
banner-refused = The server refuses this token: { $title }
banner-unlisted = The list could not be loaded: { $reason }. Trying again.
banner-too-many = Only the first { $shown } of { $total } entities are shown here. The API has them all.

search = Search by name, id or type
type-filter = Type
all-types = All types
counted = { $count ->
    [0] No entities
    [one] { $shown } entity
   *[other] { $shown } entities
}
counted-some = { $shown } of { $total } entities
list = Entities
view-switch = What to show
view-list = List
view-map = Map
loading = Loading…
nothing-yet = Nothing has reported yet
nothing-yet-how = Post the first entity and it appears here at once:
nothing-found = Nothing matches this search
clear-search = Clear search and filter
stale = Older than usual

map = Map of entities
map-no-webgl = The map needs WebGL, which this browser does not offer. The list has everything the map would show.
map-failed = The map could not be started. The list has everything the map would show.
map-all = Show all
map-help = Arrow keys move the map, plus and minus zoom. Every entity on the map is also in the list.
map-nowhere = No entity here has a place.
map-without-place = { $count } without a place
zoom-in = Zoom in
zoom-out = Zoom out

close = Close
card-gone = This entity no longer exists.
card-unknown = There is no entity with this id here.
show-on-map = Show on the map
attributes = Attributes
relationships = Linked to
linked-from = Linked from
no-attributes = No attributes
dataset = dataset { $id }
observed = measured { $age }
stored = changed { $age }
arrived = arrived { $age }
yes = yes
no = no
trend = Trend of { $name }: { $count } values from { $low } to { $high }
details = Id and dates
identifier = Id
last-change = Last change
last-observation = Last measurement

history = History
history-of = Attribute
range = Time span
range-latest = Latest 100
range-day = 24 hours
range-week = 7 days
range-month = 30 days
range-year = 1 year
chart-summary = { $name }: { $count } values from { $from } to { $to }, lowest { $low }, highest { $high }, last { $last }
chart-means = Means over { $period }
period-minutes = 10 minutes
period-hour = 1 hour
period-hours = 6 hours
period-day = 1 day
show-table = Show as a table
hide-table = Hide the table
time = Time
value = Value
history-empty = No values in this time span
history-failed = The history could not be read: { $reason }

sign-in = Sign in
sign-in-why = This server wants a token. Whoever runs it can make one with “belfry token”.
token = Token
token-kept = It is kept only in this tab and forgotten when you close it.
token-refused = The server did not accept this token.
