/**
 * Names of time zones: the IANA names with the abbreviations that they show now, and the abbreviations that input understands.
 * The offsets themselves come from the runtime's own tz data (time-zone.ts); Intl has neither abbreviations for most zones nor the list of aliases.
 * Source: pg_timezone_names and pg_timezone_abbrevs of PostgreSQL 15 (tz database, timezonesets/Default).
 */

/** A line: `STDoffset[ DSToffset]: names`, offsets in minutes east; `-` for zones that show a numeric abbreviation; indented lines continue. */
const zoneLines = `
CET60 CEST120: Africa/Ceuta Arctic/Longyearbyen Atlantic/Jan_Mayen CET Europe/Amsterdam Europe/Andorra Europe/Belgrade Europe/Berlin Europe/Bratislava
  Europe/Brussels Europe/Budapest Europe/Busingen Europe/Copenhagen Europe/Gibraltar Europe/Ljubljana Europe/Luxembourg Europe/Madrid Europe/Malta
  Europe/Monaco Europe/Oslo Europe/Paris Europe/Podgorica Europe/Prague Europe/Rome Europe/San_Marino Europe/Sarajevo Europe/Skopje Europe/Stockholm
  Europe/Tirane Europe/Vaduz Europe/Vatican Europe/Vienna Europe/Warsaw Europe/Zagreb Europe/Zurich Poland
GMT0: Africa/Abidjan Africa/Accra Africa/Bamako Africa/Banjul Africa/Bissau Africa/Conakry Africa/Dakar Africa/Freetown Africa/Lome Africa/Monrovia
  Africa/Nouakchott Africa/Ouagadougou Africa/Sao_Tome Africa/Timbuktu America/Danmarkshavn Atlantic/Reykjavik Atlantic/St_Helena Etc/GMT Etc/GMT+0
  Etc/GMT-0 Etc/GMT0 Etc/Greenwich GMT GMT+0 GMT-0 GMT0 Greenwich Iceland
EST-300 EDT-240: America/Detroit America/Fort_Wayne America/Grand_Turk America/Indiana/Indianapolis America/Indiana/Marengo America/Indiana/Petersburg
  America/Indiana/Vevay America/Indiana/Vincennes America/Indiana/Winamac America/Indianapolis America/Iqaluit America/Kentucky/Louisville
  America/Kentucky/Monticello America/Louisville America/Montreal America/Nassau America/New_York America/Nipigon America/Pangnirtung
  America/Port-au-Prince America/Thunder_Bay America/Toronto Canada/Eastern EST5EDT US/East-Indiana US/Eastern US/Michigan
AST-240: America/Anguilla America/Antigua America/Aruba America/Barbados America/Blanc-Sablon America/Curacao America/Dominica America/Grenada
  America/Guadeloupe America/Kralendijk America/Lower_Princes America/Marigot America/Martinique America/Montserrat America/Port_of_Spain
  America/Puerto_Rico America/Santo_Domingo America/St_Barthelemy America/St_Kitts America/St_Lucia America/St_Thomas America/St_Vincent America/Tortola
  America/Virgin
EET120 EEST180: Africa/Cairo Asia/Beirut Asia/Famagusta Asia/Gaza Asia/Hebron Asia/Nicosia EET Egypt Europe/Athens Europe/Bucharest Europe/Chisinau
  Europe/Helsinki Europe/Kiev Europe/Kyiv Europe/Mariehamn Europe/Nicosia Europe/Riga Europe/Sofia Europe/Tallinn Europe/Tiraspol Europe/Uzhgorod
  Europe/Vilnius Europe/Zaporozhye
CST-360 CDT-300: America/Chicago America/Indiana/Knox America/Indiana/Tell_City America/Knox_IN America/Matamoros America/Menominee
  America/North_Dakota/Beulah America/North_Dakota/Center America/North_Dakota/New_Salem America/Ojinaga America/Rainy_River America/Rankin_Inlet
  America/Resolute America/Winnipeg CST6CDT Canada/Central US/Central US/Indiana-Starke
CST-360: America/Bahia_Banderas America/Belize America/Chihuahua America/Costa_Rica America/El_Salvador America/Guatemala America/Managua America/Merida
  America/Mexico_City America/Monterrey America/Regina America/Swift_Current America/Tegucigalpa Canada/Saskatchewan Mexico/General
MST-420: America/Creston America/Dawson America/Dawson_Creek America/Fort_Nelson America/Hermosillo America/Mazatlan America/Phoenix America/Whitehorse
  Canada/Yukon MST Mexico/BajaSur US/Arizona
MST-420 MDT-360: America/Boise America/Cambridge_Bay America/Ciudad_Juarez America/Denver America/Edmonton America/Inuvik America/Shiprock
  America/Yellowknife Canada/Mountain MST7MDT Navajo US/Mountain
CAT120: Africa/Blantyre Africa/Bujumbura Africa/Gaborone Africa/Harare Africa/Juba Africa/Khartoum Africa/Kigali Africa/Lubumbashi Africa/Lusaka
  Africa/Maputo Africa/Windhoek
EAT180: Africa/Addis_Ababa Africa/Asmara Africa/Asmera Africa/Dar_es_Salaam Africa/Djibouti Africa/Kampala Africa/Mogadishu Africa/Nairobi
  Indian/Antananarivo Indian/Comoro Indian/Mayotte
WAT60: Africa/Bangui Africa/Brazzaville Africa/Douala Africa/Kinshasa Africa/Lagos Africa/Libreville Africa/Luanda Africa/Malabo Africa/Ndjamena
  Africa/Niamey Africa/Porto-Novo
AEST600 AEDT660: Antarctica/Macquarie Australia/ACT Australia/Canberra Australia/Currie Australia/Hobart Australia/Melbourne Australia/NSW Australia/Sydney
  Australia/Tasmania Australia/Victoria
CST480: Asia/Chongqing Asia/Chungking Asia/Harbin Asia/Macao Asia/Macau Asia/Shanghai Asia/Taipei PRC ROC
PST-480 PDT-420: America/Ensenada America/Los_Angeles America/Santa_Isabel America/Tijuana America/Vancouver Canada/Pacific Mexico/BajaNorte PST8PDT
  US/Pacific
EST-300: America/Atikokan America/Cancun America/Cayman America/Coral_Harbour America/Jamaica America/Panama EST Jamaica
UTC0: Etc/UCT Etc/UTC Etc/Universal Etc/Zulu UCT UTC Universal Zulu
AKST-540 AKDT-480: America/Anchorage America/Juneau America/Metlakatla America/Nome America/Sitka America/Yakutat US/Alaska
AST-240 ADT-180: America/Glace_Bay America/Goose_Bay America/Halifax America/Moncton America/Thule Atlantic/Bermuda Canada/Atlantic
GMT0 BST60: Europe/Belfast Europe/Guernsey Europe/Isle_of_Man Europe/Jersey Europe/London GB GB-Eire
WET0 WEST60: Atlantic/Canary Atlantic/Faeroe Atlantic/Faroe Atlantic/Madeira Europe/Lisbon Portugal WET
MSK180: Europe/Kirov Europe/Moscow Europe/Simferopol Europe/Volgograd W-SU
ACST570 ACDT630: Australia/Adelaide Australia/Broken_Hill Australia/South Australia/Yancowinna
HST-600: HST Pacific/Honolulu Pacific/Johnston US/Hawaii
NZST720 NZDT780: Antarctica/McMurdo Antarctica/South_Pole NZ Pacific/Auckland
SST-660: Pacific/Midway Pacific/Pago_Pago Pacific/Samoa US/Samoa
AEST600: Australia/Brisbane Australia/Lindeman Australia/Queensland
EET120: Africa/Tripoli Europe/Kaliningrad Libya
HST-600 HDT-540: America/Adak America/Atka US/Aleutian
IST120 IDT180: Asia/Jerusalem Asia/Tel_Aviv Israel
KST540: Asia/Pyongyang Asia/Seoul ROK
SAST120: Africa/Johannesburg Africa/Maseru Africa/Mbabane
ACST570: Australia/Darwin Australia/North
AWST480: Australia/Perth Australia/West
CET60: Africa/Algiers Africa/Tunis
CST-300 CDT-240: America/Havana Cuba
ChST600: Pacific/Guam Pacific/Saipan
GMT0 IST60: Eire Europe/Dublin
HKT480: Asia/Hong_Kong Hongkong
IST330: Asia/Calcutta Asia/Kolkata
JST540: Asia/Tokyo Japan
NST-210 NDT-150: America/St_Johns Canada/Newfoundland
WIB420: Asia/Jakarta Asia/Pontianak
WITA480: Asia/Makassar Asia/Ujung_Pandang
MET60 MEST120: MET
PKT300: Asia/Karachi
PST480: Asia/Manila
WIT540: Asia/Jayapura
-: Africa/Casablanca Africa/El_Aaiun America/Araguaina America/Argentina/Buenos_Aires America/Argentina/Catamarca America/Argentina/ComodRivadavia
  America/Argentina/Cordoba America/Argentina/Jujuy America/Argentina/La_Rioja America/Argentina/Mendoza America/Argentina/Rio_Gallegos
  America/Argentina/Salta America/Argentina/San_Juan America/Argentina/San_Luis America/Argentina/Tucuman America/Argentina/Ushuaia America/Asuncion
  America/Bahia America/Belem America/Boa_Vista America/Bogota America/Buenos_Aires America/Campo_Grande America/Caracas America/Catamarca America/Cayenne
  America/Cordoba America/Coyhaique America/Cuiaba America/Eirunepe America/Fortaleza America/Godthab America/Guayaquil America/Guyana America/Jujuy
  America/La_Paz America/Lima America/Maceio America/Manaus America/Mendoza America/Miquelon America/Montevideo America/Noronha America/Nuuk
  America/Paramaribo America/Porto_Acre America/Porto_Velho America/Punta_Arenas America/Recife America/Rio_Branco America/Rosario America/Santarem
  America/Santiago America/Sao_Paulo America/Scoresbysund Antarctica/Casey Antarctica/Davis Antarctica/DumontDUrville Antarctica/Mawson Antarctica/Palmer
  Antarctica/Rothera Antarctica/Syowa Antarctica/Troll Antarctica/Vostok Asia/Aden Asia/Almaty Asia/Amman Asia/Anadyr Asia/Aqtau Asia/Aqtobe Asia/Ashgabat
  Asia/Ashkhabad Asia/Atyrau Asia/Baghdad Asia/Bahrain Asia/Baku Asia/Bangkok Asia/Barnaul Asia/Bishkek Asia/Brunei Asia/Chita Asia/Choibalsan Asia/Colombo
  Asia/Dacca Asia/Damascus Asia/Dhaka Asia/Dili Asia/Dubai Asia/Dushanbe Asia/Ho_Chi_Minh Asia/Hovd Asia/Irkutsk Asia/Istanbul Asia/Kabul Asia/Kamchatka
  Asia/Kashgar Asia/Kathmandu Asia/Katmandu Asia/Khandyga Asia/Krasnoyarsk Asia/Kuala_Lumpur Asia/Kuching Asia/Kuwait Asia/Magadan Asia/Muscat
  Asia/Novokuznetsk Asia/Novosibirsk Asia/Omsk Asia/Oral Asia/Phnom_Penh Asia/Qatar Asia/Qostanay Asia/Qyzylorda Asia/Rangoon Asia/Riyadh Asia/Saigon
  Asia/Sakhalin Asia/Samarkand Asia/Singapore Asia/Srednekolymsk Asia/Tashkent Asia/Tbilisi Asia/Tehran Asia/Thimbu Asia/Thimphu Asia/Tomsk
  Asia/Ulaanbaatar Asia/Ulan_Bator Asia/Urumqi Asia/Ust-Nera Asia/Vientiane Asia/Vladivostok Asia/Yakutsk Asia/Yangon Asia/Yekaterinburg Asia/Yerevan
  Atlantic/Azores Atlantic/Cape_Verde Atlantic/South_Georgia Atlantic/Stanley Australia/Eucla Australia/LHI Australia/Lord_Howe Brazil/Acre
  Brazil/DeNoronha Brazil/East Brazil/West Chile/Continental Chile/EasterIsland Etc/GMT+1 Etc/GMT+10 Etc/GMT+11 Etc/GMT+12 Etc/GMT+2 Etc/GMT+3 Etc/GMT+4
  Etc/GMT+5 Etc/GMT+6 Etc/GMT+7 Etc/GMT+8 Etc/GMT+9 Etc/GMT-1 Etc/GMT-10 Etc/GMT-11 Etc/GMT-12 Etc/GMT-13 Etc/GMT-14 Etc/GMT-2 Etc/GMT-3 Etc/GMT-4
  Etc/GMT-5 Etc/GMT-6 Etc/GMT-7 Etc/GMT-8 Etc/GMT-9 Europe/Astrakhan Europe/Istanbul Europe/Minsk Europe/Samara Europe/Saratov Europe/Ulyanovsk
  Indian/Chagos Indian/Christmas Indian/Cocos Indian/Kerguelen Indian/Mahe Indian/Maldives Indian/Mauritius Indian/Reunion Iran Kwajalein NZ-CHAT
  Pacific/Apia Pacific/Bougainville Pacific/Chatham Pacific/Chuuk Pacific/Easter Pacific/Efate Pacific/Enderbury Pacific/Fakaofo Pacific/Fiji
  Pacific/Funafuti Pacific/Galapagos Pacific/Gambier Pacific/Guadalcanal Pacific/Kanton Pacific/Kiritimati Pacific/Kosrae Pacific/Kwajalein Pacific/Majuro
  Pacific/Marquesas Pacific/Nauru Pacific/Niue Pacific/Norfolk Pacific/Noumea Pacific/Palau Pacific/Pitcairn Pacific/Pohnpei Pacific/Ponape
  Pacific/Port_Moresby Pacific/Rarotonga Pacific/Tahiti Pacific/Tarawa Pacific/Tongatapu Pacific/Truk Pacific/Wake Pacific/Wallis Pacific/Yap Singapore
  Turkey
`;

/** A line: `minutes east[d for daylight saving]: abbreviations`. */
const abbreviationLines = `
-600: HST TAHT
-570: MART
-540: AKST GAMT
-480d: AKDT
-480: PST
-420: MST
-420d: PDT
-360: CST GALT
-360d: MDT
-300: ACT COT EST PET
-300d: CDT
-240: AMT AST BOT
-240d: EDT
-210: NFT NST
-180d: ADT CLST PYST
-180: BRA BRT GFT PMST UYT WGT
-150d: NDT
-120d: BRST PMDT UYST WGST
-120: FNT
-60: AZOT EGT
-60d: FNST
0d: AZOST EGST
0: GMT UCT UT UTC WET Z ZULU
60d: BST WETDST
60: CET MET MEZ WAT
120d: BDST CEST CETDST MEST MESZ METDST
120: EET IST SAST
180: EAT FET
180d: EEST EETDST IDT
210: IRT
240d: MSD
240: MUT RET SCT
270: AFT
300d: MUST
300: MVT PKT TFT TJT UZT
345: NPT
360: ALMT BDT BTT XJT
360d: KGST PKST UZST YEKST
390: MMT
420d: ALMST
420: CXT ICT WAST
480: AWST BNT BORT CCT HKT MYT PHT
480d: WADT
525: ACWST
540d: AWSST ULAST WDT
540: JAYT JST KST PWT
570: ACST CAST
600: AEST CHUT DDUT LIGT MPT PGT TRUT YAPT
600d: KDT
630d: ACDT ACSST CADT SADT
630: LHST
660d: AEDT AESST
660: PONT VUT
720: FJT GILT MHT NZST NZT TVT WAKT WFT
765: CHAST
780d: FJST NZDT
780: TOT
825d: CHADT
`;

/** A line: `zone: abbreviations` that mean what they meant in that zone at the time in question. */
const dynamicLines = `
America/Argentina/Buenos_Aires: ART ARST
America/Santiago: CLT
America/Guyana: GYT
America/Asuncion: PYT
America/Caracas: VET
Antarctica/Davis: DAVT
Antarctica/Mawson: MAWT
Asia/Yerevan: AMST
Asia/Anadyr: ANAST ANAT
Asia/Baku: AZST AZT
Asia/Tbilisi: GEST GET
Asia/Irkutsk: IRKST IRKT
Asia/Bishkek: KGT
Asia/Krasnoyarsk: KRAST KRAT
Asia/Colombo: LKT
Asia/Magadan: MAGST MAGT
Asia/Novosibirsk: NOVST NOVT
Asia/Omsk: OMSST OMST
Asia/Kamchatka: PETST PETT
Asia/Singapore: SGT
Asia/Ashgabat: TMT
Asia/Ulaanbaatar: ULAT
Asia/Vladivostok: VLAST VLAT
Asia/Yakutsk: YAKST YAKT
Asia/Yekaterinburg: YEKT
Atlantic/Stanley: FKST FKT
Australia/Lord_Howe: LHDT
Europe/Moscow: MSK
Europe/Volgograd: VOLT
Indian/Chagos: IOT
Pacific/Rarotonga: CKT
Pacific/Easter: EASST EAST
Pacific/Kosrae: KOST
Pacific/Kiritimati: LINT
Pacific/Niue: NUT
Pacific/Fakaofo: TKT
`;

function* groups(lines: string): Generator<readonly [string, readonly string[]]> {
  for (const line of lines.trim().replaceAll('\n  ', ' ').split('\n')) {
    const colon = line.indexOf(': ');
    yield [line.slice(0, colon), line.slice(colon + 2).split(' ')];
  }
}

export interface ZoneName {
  readonly name: string;
  /** Offset in seconds east -> abbreviation. */
  readonly abbreviations: ReadonlyMap<number, string>;
}

/** By lower-case name. */
export const zoneNames: ReadonlyMap<string, ZoneName> = (() => {
  const made = new Map<string, ZoneName>();
  for (const [key, names] of groups(zoneLines)) {
    const abbreviations = new Map<number, string>();
    for (const word of key === '-' ? [] : key.split(' ')) {
      const [, letters, minutes] = /^([A-Za-z]+)(-?\d+)$/.exec(word) as unknown as [string, string, string];
      abbreviations.set(Number(minutes) * 60, letters);
    }
    for (const name of names) made.set(name.toLowerCase(), { name, abbreviations });
  }
  return made;
})();

export type ZoneAbbreviation =
  | { readonly kind: 'fixed'; readonly name: string; readonly offsetSeconds: number; readonly isDst: boolean }
  | { readonly kind: 'dynamic'; readonly name: string; readonly zone: string };

/** By lower-case abbreviation. */
export const zoneAbbreviations: ReadonlyMap<string, ZoneAbbreviation> = (() => {
  const made = new Map<string, ZoneAbbreviation>();
  for (const [key, names] of groups(abbreviationLines)) {
    for (const name of names) made.set(name.toLowerCase(), { kind: 'fixed', name, offsetSeconds: Number.parseInt(key, 10) * 60, isDst: key.endsWith('d') });
  }
  for (const [zone, names] of groups(dynamicLines)) {
    for (const name of names) made.set(name.toLowerCase(), { kind: 'dynamic', name, zone });
  }
  return made;
})();
